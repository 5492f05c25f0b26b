#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include "core/mutex.h"
#include "sluice/v1/gateway.grpc.pb.h"

namespace sluice::demo {

// A gateway that remembers what it was asked to publish and answers as it is told to, without a
// socket. Thread: any.
class FakeGateway final : public v1::Gateway::Service {
 public:
  FakeGateway() {
    grpc::ServerBuilder builder;
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~FakeGateway() override { server_->Shutdown(); }

  std::shared_ptr<grpc::Channel> Channel() { return server_->InProcessChannel({}); }

  // Instead of OK with the id "e1-N".
  void AnswerWith(grpc::Status status) {
    MutexLock lock(&mutex_);
    status_ = std::move(status);
  }
  // Keeps calls until they are cancelled.
  void Stall() {
    MutexLock lock(&mutex_);
    is_stalled_ = true;
  }
  // Waits for the n-th request, counted from 1.
  v1::PublishRequest AwaitRequest(size_t n) {
    MutexLock lock(&mutex_);
    while (requests_.size() < n) arrived_.Wait(&mutex_);
    return requests_[n - 1];
  }

 private:
  grpc::Status Publish(grpc::ServerContext* context, const v1::PublishRequest* request,
                       v1::PublishResponse* response) override {
    MutexLock lock(&mutex_);
    requests_.push_back(*request);
    arrived_.NotifyAll();
    // Nothing announces a cancellation to a synchronous call.
    while (is_stalled_ && !context->IsCancelled()) {
      arrived_.WaitFor(&mutex_, std::chrono::milliseconds(1));
    }
    response->set_event_id("e1-" + std::to_string(requests_.size()));
    return status_;
  }

  Mutex mutex_;
  Condition arrived_;
  bool is_stalled_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::Status status_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::PublishRequest> requests_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace sluice::demo
