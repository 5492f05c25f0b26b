#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"

namespace sluice::app {

// A gateway and how it is spoken to, as the command line says it.
struct GatewayEndpoint {
  std::string server = "127.0.0.1:50051";
  std::string key;          // of the publisher; empty: none
  std::string tls_ca_file;  // PEM; not empty: TLS
  std::chrono::milliseconds timeout = std::chrono::seconds(10);
};

// One event to publish.
struct Publication {
  bool is_topic = false;
  std::string target;  // user or topic
  std::string type;
  std::string data;
  std::string idempotency_key;
};

// What to receive of what browsers send.
struct Reception {
  std::string destination = "*";
  std::string group = "sluice-receive";
  uint32_t count = 0;  // ends after so many; 0: never
};

// Whose sessions to end.
struct Disconnection {
  bool is_token = false;
  std::string target;  // user, or token id
  std::string reason;
};

// The sessions of users, as far as edges have answered.
struct Attendance {
  std::vector<std::string> users;  // a JSON object of `user_id` and `sessions` each, as asked for
  bool is_complete = false;
  std::vector<std::string> missing_edges;
};

// Publishes and waits for the answer: a JSON object of `event_id` and `duplicate`. Errors: the
// server's status; INVALID_ARGUMENT (the file of the authority). Thread: any.
absl::StatusOr<std::string> Publish(const GatewayEndpoint& gateway, const Publication& publication);

// Takes messages and hands each to `on_message` as a JSON object; what that answers true to is
// acknowledged, false ends it with OK. Errors: the server's status; INVALID_ARGUMENT (the file of
// the authority). Thread: any; blocks until the end.
absl::Status Receive(const GatewayEndpoint& gateway, const Reception& reception,
                     absl::FunctionRef<bool(const std::string& json)> on_message);

// Revokes and waits until it is stored. Errors: as Publish. Thread: any.
absl::Status Disconnect(const GatewayEndpoint& gateway, const Disconnection& disconnection);

// Asks and waits for the answer. Errors: as Publish. Thread: any.
absl::StatusOr<Attendance> GetPresence(const GatewayEndpoint& gateway,
                                       const std::vector<std::string>& users);

}  // namespace sluice::app
