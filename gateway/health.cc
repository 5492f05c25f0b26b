#include "gateway/health.h"

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_stream.h>
#include <grpcpp/support/async_unary_call.h>

#include <string>

namespace sluice::gateway {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

bool IsKnown(const std::string& service) {
  return service.empty() || service == "sluice.v1.Gateway";
}

HealthCheckResponse::ServingStatus StatusOf(bool serving) {
  return serving ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
}

}  // namespace

// One Check.
class Health::CheckCall final : public Call, public Step {
 public:
  explicit CheckCall(Health* health) : Call(health->thread_), health_(health) {
    health->service_.RequestCheck(&context_, &request_, &responder_, thread()->queue(),
                                  thread()->queue(), tag());
  }

  void Abandon() override {}  // answered at once

  void Proceed(bool ok) override {
    if (!ok || answered_) {
      delete this;
      return;
    }
    answered_ = true;
    Enter();
    new CheckCall(health_);
    if (!IsKnown(request_.service())) {
      responder_.FinishWithError({grpc::StatusCode::NOT_FOUND, "unknown service"}, tag());
      return;
    }
    HealthCheckResponse response;
    response.set_status(StatusOf(health_->is_serving()));
    responder_.Finish(response, grpc::Status::OK, tag());
  }

 private:
  Health* const health_;
  grpc::ServerContext context_;
  HealthCheckRequest request_;
  grpc::ServerAsyncResponseWriter<HealthCheckResponse> responder_{&context_};
  bool answered_ = false;
};

// One Watch: the status at once and at each change, until the client goes or the gateway stops.
class Health::WatchCall final : public Call {
 public:
  explicit WatchCall(Health* health) : Call(health->thread_), health_(health) {
    context_.AsyncNotifyWhenDone(done_.tag());
    health->service_.RequestWatch(&context_, &request_, &writer_, thread()->queue(),
                                  thread()->queue(), accepted_.tag());
  }

  void Drain() override { Advance(); }
  void Abandon() override { Advance(); }

  // Says what has changed, if anything has.
  void Advance() {
    if (writing_ || finishing_) return;
    const HealthCheckResponse::ServingStatus status = IsKnown(request_.service())
                                                          ? StatusOf(health_->is_serving())
                                                          : HealthCheckResponse::SERVICE_UNKNOWN;
    if (status != last_) {
      last_ = status;
      writing_ = true;
      HealthCheckResponse response;
      response.set_status(status);
      writer_.Write(response, written_.tag());
    } else if (thread()->is_draining()) {
      Finish();
    }
  }

 private:
  void OnAccepted(bool ok) {
    if (!ok) {
      delete this;
      return;
    }
    Enter();
    health_->watchers_.push_back(this);
    new WatchCall(health_);
    Advance();
  }

  void OnWritten(bool ok) {
    writing_ = false;
    if (ok && !done_reached_) {
      Advance();
    } else {
      Finish();
    }
  }

  void OnDone(bool) {
    done_reached_ = true;
    if (finished_) {
      End();
    } else if (!writing_) {
      Finish();
    }
  }

  void Finish() {
    if (finishing_) return;
    finishing_ = true;
    writer_.Finish({grpc::StatusCode::UNAVAILABLE, "the gateway is stopping"}, ended_.tag());
  }

  void OnFinished(bool) {
    finished_ = true;
    if (done_reached_) End();
  }

  void End() {
    std::erase(health_->watchers_, this);
    delete this;
  }

  Health* const health_;
  grpc::ServerContext context_;
  HealthCheckRequest request_;
  grpc::ServerAsyncWriter<HealthCheckResponse> writer_{&context_};
  StepOf<WatchCall, &WatchCall::OnAccepted> accepted_{this};
  StepOf<WatchCall, &WatchCall::OnWritten> written_{this};
  StepOf<WatchCall, &WatchCall::OnFinished> ended_{this};
  StepOf<WatchCall, &WatchCall::OnDone> done_{this};
  HealthCheckResponse::ServingStatus last_ = HealthCheckResponse::UNKNOWN;
  bool writing_ = false;
  bool finishing_ = false;
  bool finished_ = false;
  bool done_reached_ = false;  // gRPC has told the client's end of the call, or has seen it go
};

void Health::Accept() {
  new CheckCall(this);
  new WatchCall(this);
}

void Health::SetServing(bool serving) {
  serving_ = serving;
  thread_->Run([this] {
    for (WatchCall* watcher : watchers_) watcher->Advance();
  });
}

}  // namespace sluice::gateway
