#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "app/command.h"
#include "app/gateway_client.h"

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

int Fail(const char* what, const GatewayEndpoint& gateway, const absl::Status& status) {
  std::fprintf(stderr, "sluice: %s to %s failed: %s\n", what, gateway.server.c_str(),
               absl::CHexEscape(status.ToString()).c_str());
  return status.code() == absl::StatusCode::kInvalidArgument ? kExitUsage : kExitFailure;
}

int RunPublish(const GatewayEndpoint& gateway, Publication publication) {
  if (publication.data == "-") {
    std::optional<std::string> input = ReadInput();
    if (!input) {
      std::fprintf(stderr, "sluice: stdin cannot be read or holds more than 4 MiB\n");
      return kExitUsage;
    }
    publication.data = *std::move(input);
  }
  const absl::StatusOr<std::string> answer = Publish(gateway, publication);
  if (!answer.ok()) return Fail("publish", gateway, answer.status());
  std::puts(answer->c_str());
  return kExitOk;
}

int RunDisconnect(const GatewayEndpoint& gateway, const Disconnection& disconnection) {
  const absl::Status status = Disconnect(gateway, disconnection);
  return status.ok() ? kExitOk : Fail("disconnect", gateway, status);
}

// Nobody should take an incomplete answer for the whole: stderr and the exit code say it too.
int RunPresence(const GatewayEndpoint& gateway, const std::vector<std::string>& users) {
  const absl::StatusOr<Attendance> answer = GetPresence(gateway, users);
  if (!answer.ok()) return Fail("presence", gateway, answer.status());
  for (const std::string& user : answer->users) std::puts(user.c_str());
  if (answer->is_complete) return kExitOk;
  std::fputs("sluice: incomplete", stderr);
  const char* before = ", no answer from ";
  for (const std::string& edge : answer->missing_edges) {
    std::fprintf(stderr, "%s%s", std::exchange(before, " "), absl::CHexEscape(edge).c_str());
  }
  std::fputs("\n", stderr);
  return kExitFailure;
}

int RunReceive(const GatewayEndpoint& gateway, const Reception& reception) {
  const absl::Status status = Receive(gateway, reception, [](const std::string& json) {
    // Whoever reads may have left, as in `sluice receive | head -1`.
    return std::puts(json.c_str()) != EOF && std::fflush(stdout) == 0;
  });
  return status.ok() ? kExitOk : Fail("receive", gateway, status);
}

void AddGatewayOptions(CLI::App* command, GatewayEndpoint* gateway) {
  command->add_option("--key", gateway->key, "The publisher's key (default: SLUICE_PUBLISHER_KEY)")
      ->envname("SLUICE_PUBLISHER_KEY");
  command->add_option("--tls-ca", gateway->tls_ca_file,
                      "Use TLS, with a gateway whose certificate this authority signed (PEM)");
  command->add_option("--server", gateway->server, "The gateway, ADDRESS:PORT")
      ->capture_default_str();
}

}  // namespace

void AddPublish(CLI::App* app, Command* chosen) {
  CLI::App* const command = app->add_subcommand("publish", "Publish one event to a user or topic.");
  // These outlive the parsing.
  const auto publication = std::make_shared<Publication>();
  const auto gateway = std::make_shared<GatewayEndpoint>();
  CLI::Option_group* const target = command->add_option_group("target");
  target->add_option("--user", publication->target, "The user whose sessions get the event");
  const CLI::Option* const topic = target->add_option("--topic", publication->target,
                                                      "The topic whose subscribers get the event");
  target->require_option(1);
  command->add_option("--type", publication->type, "The event's name in the browser");
  command->add_option("--idempotency-key", publication->idempotency_key,
                      "A retry with the same key stores nothing new");
  AddGatewayOptions(command, gateway.get());
  command->add_option("DATA", publication->data, "The event's data; - reads stdin")->required();
  command->callback([publication, gateway, topic, chosen] {
    publication->is_topic = topic->count() > 0;
    *chosen = [publication, gateway] { return RunPublish(*gateway, *publication); };
  });
}

void AddDisconnect(CLI::App* app, Command* chosen) {
  CLI::App* const command = app->add_subcommand(
      "disconnect", "End the sessions of a user or token, and refuse the tokens that they had.");
  const auto disconnection = std::make_shared<Disconnection>();
  const auto gateway = std::make_shared<GatewayEndpoint>();
  CLI::Option_group* const target = command->add_option_group("target");
  target->add_option("--user", disconnection->target, "All that this user was issued up to now");
  const CLI::Option* const token =
      target->add_option("--token-id", disconnection->target, "The token with this `jti`");
  target->require_option(1);
  command->add_option("--reason", disconnection->reason, "For the gateway's log");
  AddGatewayOptions(command, gateway.get());
  command->callback([disconnection, gateway, token, chosen] {
    disconnection->is_token = token->count() > 0;
    *chosen = [disconnection, gateway] { return RunDisconnect(*gateway, *disconnection); };
  });
}

void AddPresence(CLI::App* app, Command* chosen) {
  CLI::App* const command =
      app->add_subcommand("presence", "Say how many sessions users have, over all edges.");
  const auto users = std::make_shared<std::vector<std::string>>();
  const auto gateway = std::make_shared<GatewayEndpoint>();
  AddGatewayOptions(command, gateway.get());
  command->add_option("USER", *users, "The users; at most 1,000")->required();
  command->callback([users, gateway, chosen] {
    *chosen = [users, gateway] { return RunPresence(*gateway, *users); };
  });
}

void AddReceive(CLI::App* app, Command* chosen) {
  CLI::App* const command = app->add_subcommand(
      "receive", "Take what browsers send to backends: print it, and acknowledge it.");
  const auto reception = std::make_shared<Reception>();
  const auto gateway = std::make_shared<GatewayEndpoint>();
  command
      ->add_option("--destination", reception->destination,
                   "What of /app/DESTINATION: a name, or its beginning and *")
      ->capture_default_str();
  command->add_option("--group", reception->group, "Receivers of one group share the messages")
      ->capture_default_str();
  command->add_option("--count", reception->count, "End after so many messages");
  AddGatewayOptions(command, gateway.get());
  command->callback([reception, gateway, chosen] {
    *chosen = [reception, gateway] { return RunReceive(*gateway, *reception); };
  });
}

}  // namespace sluice::app
