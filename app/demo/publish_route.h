#pragma once

#include <memory>
#include <unordered_map>

#include <grpcpp/channel.h>

#include "absl/base/thread_annotations.h"
#include "core/mutex.h"
#include "edge/auth/authenticator.h"
#include "edge/http/route.h"
#include "sluice/v1/gateway.grpc.pb.h"

namespace sluice::demo {

// POST /demo/publish: passes what the page's form holds to the gateway. The body is a
// sluice.v1.PublishRequest in protobuf's JSON, e.g. {"userId":"alice","event":{"data":"hi"}}; the
// answer is the PublishResponse in JSON, or {"error":{"code","message"}} with 400, 403 or 503.
// Pages of other origins are refused, since a browser sends such a POST without asking first.
// Thread: Handle on any shard, answers on gRPC's threads, Stop on main. Owner: Demo, and its route.
class PublishRoute {
 public:
  // `only_loopback_hosts`: refuse names that merely resolve to this machine (DNS rebinding).
  PublishRoute(const std::shared_ptr<grpc::Channel>& gateway, bool only_loopback_hosts);
  ~PublishRoute();

  void Handle(const edge::HttpRequest& http, edge::HttpRespond respond) ABSL_LOCKS_EXCLUDED(mutex_);
  // Cancels what is in flight and waits for it to be answered; later requests get 503. The shards
  // must still run. Idempotent.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

  static constexpr size_t kMaxBodyBytes = 128u << 10;
  static constexpr size_t kMaxCalls = 64;  // in flight; beyond: 503

 private:
  struct Call {
    grpc::ClientContext context;
    v1::PublishRequest request;
    v1::PublishResponse response;
    edge::HttpRespond respond;
  };
  bool IsForeign(const edge::HttpRequest& http) const;
  // Adds the call to those in flight; false if stopped or too many.
  bool Admit(std::unique_ptr<Call>* call) ABSL_LOCKS_EXCLUDED(mutex_);
  void OnDone(Call* call, const grpc::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);

  // Constant after construction.
  const std::unique_ptr<v1::Gateway::Stub> gateway_;
  const bool only_loopback_hosts_;

  Mutex mutex_;
  Condition call_done_;
  bool is_stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::unordered_map<Call*, std::unique_ptr<Call>> calls_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sluice::demo
