#pragma once

#include <atomic>
#include <vector>

#include "gateway/call_thread.h"
#include "grpc/health/v1/health.grpc.pb.h"

namespace sluice::gateway {

// grpc.health.v1 for "" (the server) and `sluice.v1.Gateway`. Not gRPC's own health service: that
// one is built on the callback API, whose threads would then poll a share of all connections
// (docs/adr/0002). Thread: as said; calls live on one CallThread. Owner: Gateway.
class Health final {
 public:
  using Protocol = grpc::health::v1::Health;
  using Service =
      Protocol::WithAsyncMethod_Check<Protocol::WithAsyncMethod_Watch<Protocol::Service>>;

  // Calls are served on `thread`, which outlives this.
  explicit Health(CallThread* thread) : thread_(thread) {}

  grpc::Service* service() { return &service_; }
  // Waits for calls. Thread: any before the CallThread starts.
  void Accept();
  // What is said from now on, to watchers too. Thread: any.
  void SetServing(bool serving);
  bool is_serving() const { return serving_; }

 private:
  class CheckCall;
  class WatchCall;

  CallThread* const thread_;
  Service service_;
  std::atomic<bool> serving_{true};
  std::vector<WatchCall*> watchers_;  // CallThread only
};

}  // namespace sluice::gateway
