#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "app/admin_server.h"
#include "app/demo/demo.h"
#include "app/heap_trim.h"
#include "app/local_presence.h"
#include "app/memory_watch.h"
#include "app/process_metrics.h"
#include "app/pulse.h"
#include "core/logging.h"
#include "core/options.h"
#include "edge/auth/jwks_refresher.h"
#include "edge/auth/token_verifier.h"
#include "edge/edge.h"
#include "gateway/gateway.h"
#include "ingest/client_message_queue.h"
#include "ingest/event_log.h"
#include "ingest/jetstream_log.h"
#include "ingest/jetstream_message_queue.h"
#include "ingest/nats_presence.h"

namespace sluice::app {

// Which parts a process has.
enum class Role : uint8_t {
  kServe,    // gateway and edge, around the log in memory or on NATS
  kGateway,  // publishers only, on NATS
  kEdge,     // browsers only, on NATS
};

// A process of `sluice serve`, `gateway` or `edge`: the log, the parts around it and the admin
// port. It starts the parts in order and stops them in the order that Stop states. NATS may be away
// when it starts and later. Owner: the command. Thread: main.
class Server {
 public:
  struct Parts {
    Options options;           // checked (core/config.h)
    Role role = Role::kServe;  // others than kServe need nats.urls
    bool demo = false;         // serve the dashboard too
    Logger* logger = nullptr;  // outlives the server
  };
  // The first error of a part: a bad address, a port in use.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const Parts& parts);
  ~Server();

  // Must be called at least once in kPulsePatience, or `/livez` fails. Tells gRPC health whether
  // the log can be appended to, and takes over a new certificate.
  void Beat();
  // True once `/readyz` answers 200.
  bool is_ready() const;
  // Reads certificate and keys of browsers' tokens again, and logs what came of it; after an error
  // what there was goes on being used. No session is lost.
  void Reload();
  // Not OK once the log cannot be used and never will: this process is to end.
  absl::Status refusal() const;

  // Turns publishers and browsers away politely: at most the `drain_window` and the two
  // `stop_grace` of the options. Idempotent.
  void Stop();

  // Where it listens, `127.0.0.1:8080`; with the port that the system chose if 0 was asked for.
  // Empty if it does not.
  std::string grpc_address() const;
  std::string http_address() const;
  std::string admin_address() const;

  static constexpr std::chrono::seconds kPulsePatience{15};

 private:
  explicit Server(const Parts& parts);
  absl::Status StartParts(bool demo);
  absl::Status StartLog();
  absl::Status StartGateway();
  absl::StatusOr<std::unique_ptr<edge::Authenticator>> MakeAuthenticator();
  absl::Status StartEdge();
  void WatchMemory();
  absl::Status ReloadKeys();
  void LogReload(std::string_view what, const absl::Status& status);
  absl::Status StartAdmin();

  // Constant after construction.
  const Options options_;
  const Role role_;
  Logger* const logger_;

  Pulse pulse_{kPulsePatience, Clock::System()};
  HeapTrim heap_trim_;
  MemoryWatch memory_watch_;
  std::atomic<bool> is_stopping_{false};  // read by the admin server's thread
  ProcessMetrics process_metrics_;
  std::vector<edge::TokenIssuer> issuers_;              // whose keys the authenticator shares
  std::unique_ptr<edge::JwksRefresher> key_refresher_;  // null: none are to be fetched
  // In the order of their start, so that they go in reverse.
  std::unique_ptr<ingest::EventLog> log_;
  ingest::JetstreamLog* jetstream_ = nullptr;             // log_, if it is on NATS
  const prometheus::Collectable* log_metrics_ = nullptr;  // log_
  std::unique_ptr<ingest::EventLog> revocations_;
  ingest::JetstreamLog* jetstream_revocations_ = nullptr;  // revocations_, if it is on NATS
  std::unique_ptr<ingest::ClientMessageQueue> messages_;
  ingest::JetstreamMessageQueue* jetstream_messages_ = nullptr;  // messages_, if it is on NATS
  const prometheus::Collectable* message_metrics_ = nullptr;     // messages_
  LocalPresence local_presence_;                                 // without NATS
  std::unique_ptr<ingest::NatsPresence> nats_presence_;  // null without NATS, and in an edge
  std::unique_ptr<gateway::Gateway> gateway_;            // null in an edge
  std::unique_ptr<edge::Edge> edge_;                     // null in a gateway
  std::unique_ptr<demo::Demo> demo_;                     // null without --demo
  std::unique_ptr<AdminServer> admin_;
};

}  // namespace sluice::app
