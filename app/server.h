#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "app/admin_server.h"
#include "app/demo/demo.h"
#include "app/process_metrics.h"
#include "app/pulse.h"
#include "core/logging.h"
#include "core/options.h"
#include "edge/edge.h"
#include "gateway/gateway.h"
#include "ingest/memory_log.h"

namespace sluice::app {

// `sluice serve`: gateway and edge in one process around the log in memory, and the admin port. It
// starts the parts in order and stops them in the order that Stop states. Owner: the command.
// Thread: main.
class Server {
 public:
  struct Parts {
    Options options;           // checked (core/config.h)
    bool demo = false;         // serve the dashboard too
    Logger* logger = nullptr;  // outlives the server
  };
  // The first error of a part: a bad address, a port in use.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const Parts& parts);
  ~Server();

  // Must be called at least once in kPulsePatience, or `/livez` fails.
  void Beat() { pulse_.Beat(); }
  // True once `/readyz` answers 200.
  bool is_ready() const;

  // Turns publishers and browsers away politely: at most the two `stop_grace` of the options.
  // Idempotent.
  void Stop();

  // Where it listens, `127.0.0.1:8080`; with the port that the system chose if 0 was asked for.
  std::string grpc_address() const;
  std::string http_address() const;
  std::string admin_address() const;

  static constexpr std::chrono::seconds kPulsePatience{15};

 private:
  explicit Server(const Parts& parts);
  absl::Status StartParts(bool demo);

  // Constant after construction.
  const Options options_;
  Logger* const logger_;

  Pulse pulse_{kPulsePatience, Clock::System()};
  std::atomic<bool> is_stopping_{false};  // read by the admin server's thread
  ProcessMetrics process_metrics_;
  // In the order of their start, so that they go in reverse.
  ingest::MemoryLog log_;
  std::unique_ptr<gateway::Gateway> gateway_;
  std::unique_ptr<edge::Edge> edge_;
  std::unique_ptr<demo::Demo> demo_;  // null without --demo
  std::unique_ptr<AdminServer> admin_;
};

}  // namespace sluice::app
