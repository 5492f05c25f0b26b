#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <grpcpp/channel.h>
#include <prometheus/collectable.h>

#include "absl/base/thread_annotations.h"
#include "app/demo/publish_route.h"
#include "core/clock.h"
#include "core/logging.h"
#include "core/mutex.h"
#include "edge/http/route.h"
#include "sluice/v1/gateway.grpc.pb.h"

namespace sluice::demo {

// The live dashboard of `sluice serve --demo`: a publisher that twice a second sends what this
// machine does to the topic `demo.system`, through the gRPC API like any other backend, and the
// page that draws it. A sample that cannot be published is logged and lost; the next one follows.
// Owner: app. Thread: main for all functions; the publisher has a thread of its own.
// Order: construct, give Routes() to the edge, Start, ..., Stop, then stop the edge and the
// gateway.
class Demo {
 public:
  struct Parts {
    std::shared_ptr<grpc::Channel> gateway;
    Logger* logger = nullptr;  // outlives the demo
    // The edge trusts whoever reaches it because it listens on loopback only.
    bool only_loopback_hosts = true;
    const Clock* clock = &Clock::System();
    std::string proc_folder = "/proc";
  };
  explicit Demo(Parts parts);
  ~Demo();

  // Usable before Start; they answer 503 after Stop, but may be called for as long as they exist.
  std::vector<edge::HttpRoute> Routes() const;
  // Begins to publish. `metrics` are the gateway and the edge; they outlive Stop.
  void Start(std::vector<const prometheus::Collectable*> metrics);
  // Ends the publisher and answers what is in flight. Idempotent.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Run(std::vector<const prometheus::Collectable*> metrics) ABSL_LOCKS_EXCLUDED(mutex_);
  void Publish(std::string data) ABSL_LOCKS_EXCLUDED(mutex_);
  // Sleeps until `due` or Stop; false if stopped.
  bool SleepUntil(SteadyTime due) ABSL_LOCKS_EXCLUDED(mutex_);

  // Constant after construction.
  const Parts parts_;
  const std::unique_ptr<v1::Gateway::Stub> gateway_;
  const std::shared_ptr<PublishRoute> publish_route_;  // shared with the edge's table of routes

  std::thread publisher_;
  Mutex mutex_;
  Condition stopping_;
  bool is_stopped_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::ClientContext* call_ ABSL_GUARDED_BY(mutex_) = nullptr;  // in flight
};

}  // namespace sluice::demo
