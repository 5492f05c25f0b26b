#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "app/command.h"
#include "app/event_source.h"
#include "core/json.h"
#include "core/quantity.h"
#include "core/small_file.h"

namespace sluice::app {
namespace {

struct ListenArguments {
  std::string user;
  std::vector<std::string> topics;
  std::string token;
  std::string token_file;
  std::string last_event_id;
  std::string from;
  std::string server = "http://127.0.0.1:8080";
};

std::string TargetOf(const ListenArguments& arguments, const HttpUrl& url) {
  std::string query;
  const auto add = [&query](const char* name, const std::string& value) {
    query += (query.empty() ? "?" : "&") + std::string(name) + '=' + PercentEncode(value);
  };
  if (!arguments.user.empty()) add("user", arguments.user);
  for (const std::string& topic : arguments.topics) add("topic", topic);
  if (!arguments.from.empty()) add("from", arguments.from);
  return url.path + "/v1/events" + query;
}

std::string ToJson(const SseEvent& event) {
  std::string json = "{\"id\":";
  AppendJsonString(event.id, &json);
  json += ",\"event\":";
  AppendJsonString(event.type, &json);
  json += ",\"data\":";
  AppendJsonString(event.data, &json);
  return json + '}';
}

// Follows until a signal or a failure; one JSON line on stdout for each event.
int Listen(ListenArguments arguments) {
  if (!arguments.token_file.empty()) {
    absl::StatusOr<std::string> token = ReadSecretFile("--token-file", arguments.token_file);
    if (!token.ok()) {
      std::fprintf(stderr, "sluice: %s\n", std::string(token.status().message()).c_str());
      return kExitUsage;
    }
    arguments.token = *std::move(token);
  }
  absl::StatusOr<HttpUrl> url = HttpUrl::Parse(arguments.server);
  if (!url.ok()) {
    std::fprintf(stderr, "sluice: --server: %s\n", std::string(url.status().message()).c_str());
    return kExitUsage;
  }
  boost::asio::io_context context(1);
  int exit_code = kExitOk;
  EventSource source(
      {.url = *url,
       .target = TargetOf(arguments, *url),
       .token = arguments.token,
       .last_event_id = arguments.last_event_id},
      [&](const SseEvent& event) {
        // Whoever reads may have left, as in `sluice listen | head -1`.
        if (std::puts(ToJson(event).c_str()) == EOF || std::fflush(stdout) != 0) context.stop();
      },
      [](const absl::Status& status, std::chrono::milliseconds delay) {
        std::fprintf(stderr, "sluice: %s; again in %s\n", std::string(status.message()).c_str(),
                     FormatDuration(delay).c_str());
      },
      [&](const absl::Status& status) {
        std::fprintf(stderr, "sluice: %s\n", std::string(status.message()).c_str());
        exit_code = kExitFailure;
        context.stop();
      });
  boost::asio::signal_set signals(context, SIGINT, SIGTERM);
  signals.async_wait([&](const boost::system::error_code& error, int) {
    if (!error) context.stop();
  });
  source.Start(&context);
  context.run();
  return exit_code;
}

}  // namespace

void AddListen(CLI::App* app, Command* chosen) {
  CLI::App* const command =
      app->add_subcommand("listen", "Follow a user's events and topics; reconnects by itself.");
  const auto arguments = std::make_shared<ListenArguments>();  // outlives the parsing
  CLI::Option_group* const who = command->add_option_group("who");
  who->add_option("--user", arguments->user, "The user whose events to follow");
  who->add_option("--token", arguments->token, "Or the user's token, where one is needed");
  who->add_option("--token-file", arguments->token_file, "Or a file that holds it");
  who->require_option(1);
  command->add_option("--topic", arguments->topics, "A topic to follow too; may be repeated")
      ->allow_extra_args(false);
  command->add_option("--last-event-id", arguments->last_event_id,
                      "Resume behind this event, as printed in `id`");
  command->add_option("--from", arguments->from, "Where to begin without an id")
      ->check(CLI::IsMember({"now", "earliest", "last"}));
  command->add_option("--server", arguments->server, "The edge, http://HOST[:PORT]")
      ->capture_default_str();
  command->callback([arguments, chosen] { *chosen = [arguments] { return Listen(*arguments); }; });
}

}  // namespace sluice::app
