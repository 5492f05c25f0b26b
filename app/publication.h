#pragma once

#include <chrono>
#include <string>

#include "absl/status/statusor.h"

namespace sluice::app {

// One event to publish through the gRPC API, as the command line says it.
struct Publication {
  std::string server;  // `127.0.0.1:50051`
  bool is_topic = false;
  std::string target;  // user or topic
  std::string type;
  std::string data;
  std::string idempotency_key;
  std::chrono::milliseconds timeout = std::chrono::seconds(10);
};

// Publishes and waits for the answer: a JSON object of `event_id` and `duplicate`. Errors: the
// server's status. Thread: any.
absl::StatusOr<std::string> Publish(const Publication& publication);

}  // namespace sluice::app
