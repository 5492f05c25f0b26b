#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "app/command.h"
#include "app/publication.h"

namespace sluice::app {
namespace {

constexpr size_t kMaxInputBytes = 4u << 20;  // a gRPC message is not larger either

// All of stdin; nullopt if it cannot be read or is too large.
std::optional<std::string> ReadInput() {
  std::string text(kMaxInputBytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), stdin));
  if (std::ferror(stdin) || text.size() > kMaxInputBytes) return std::nullopt;
  return text;
}

int RunPublish(Publication publication) {
  if (publication.data == "-") {
    std::optional<std::string> input = ReadInput();
    if (!input) {
      std::fprintf(stderr, "sluice: stdin cannot be read or holds more than 4 MiB\n");
      return kExitUsage;
    }
    publication.data = *std::move(input);
  }
  const absl::StatusOr<std::string> answer = Publish(publication);
  if (!answer.ok()) {
    std::fprintf(stderr, "sluice: publish to %s failed: %s\n", publication.server.c_str(),
                 absl::CHexEscape(answer.status().ToString()).c_str());
    return answer.status().code() == absl::StatusCode::kInvalidArgument ? kExitUsage : kExitFailure;
  }
  std::puts(answer->c_str());
  return kExitOk;
}

}  // namespace

void AddPublish(CLI::App* app, Command* chosen) {
  CLI::App* const command = app->add_subcommand("publish", "Publish one event to a user or topic.");
  const auto publication = std::make_shared<Publication>();  // outlives the parsing
  publication->server = "127.0.0.1:50051";
  CLI::Option_group* const target = command->add_option_group("target");
  target->add_option("--user", publication->target, "The user whose sessions get the event");
  const CLI::Option* const topic = target->add_option("--topic", publication->target,
                                                      "The topic whose subscribers get the event");
  target->require_option(1);
  command->add_option("--type", publication->type, "The event's name in the browser");
  command->add_option("--idempotency-key", publication->idempotency_key,
                      "A retry with the same key stores nothing new");
  command->add_option("--server", publication->server, "The gateway, ADDRESS:PORT")
      ->capture_default_str();
  command->add_option("DATA", publication->data, "The event's data; - reads stdin")->required();
  command->callback([publication, topic, chosen] {
    publication->is_topic = topic->count() > 0;
    *chosen = [publication] { return RunPublish(*publication); };
  });
}

}  // namespace sluice::app
