#pragma once

#include <grpcpp/channel.h>
#include <prometheus/collectable.h>

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "core/clock.h"
#include "core/logging.h"
#include "core/options.h"
#include "ingest/client_message_queue.h"
#include "ingest/event_log.h"
#include "ingest/presence.h"

namespace sluice::gateway {

// The publishers' side of Sluice: a gRPC server of sluice.v1.Gateway, health and reflection that
// appends what it is given to the log. Without publishers in the options, who may reach its address
// may publish. Owner: app. Thread: Start, Stop and the destructor on main, the rest on any.
class Gateway final : public prometheus::Collectable {
 public:
  // What it is pointed to outlives the gateway; answers of the logs and of the edges may come later
  // still.
  struct Parts {
    GatewayOptions options;
    ingest::EventLog* log;
    ingest::EventLog* revocations = nullptr;         // null: Disconnect is UNIMPLEMENTED
    ingest::ClientMessageQueue* messages = nullptr;  // null: there is nothing to receive
    ingest::Presence* presence = nullptr;            // null: no edges to ask
    Logger* logger = nullptr;                        // null: silent
    const Clock* clock = &Clock::System();
  };
  // Listens and serves. Errors: INVALID_ARGUMENT (the address, a key or certificate), UNAVAILABLE
  // (cannot listen there, says why).
  static absl::StatusOr<std::unique_ptr<Gateway>> Start(const Parts& parts);
  ~Gateway() override;

  int port() const;  // the bound one, also if 0 was asked for
  // A channel to this gateway without a socket, for publishers in this process.
  std::shared_ptr<grpc::Channel> InProcessChannel();

  // What health says, at first SERVING. It does not change what is served.
  void SetServing(bool serving);
  // Says NOT_SERVING, takes no new call, answers what has been received, ends streams, and after
  // `stop_grace` ends what is left with UNAVAILABLE. Waits for all that. Idempotent.
  void Stop();

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  class Impl;
  explicit Gateway(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::gateway
