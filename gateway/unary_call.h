#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_unary_call.h>
#include <grpcpp/support/byte_buffer.h>

#include "absl/status/status.h"
#include "gateway/call_thread.h"
#include "gateway/publish_service.h"
#include "gateway/publisher.h"

namespace sluice::gateway {

// A call of one message each way: accepted, begun, answered, gone. Thread: grpc, its CallThread's.
class UnaryCall : public Call, public Step {
 public:
  void Proceed(bool ok) final;

 protected:
  explicit UnaryCall(const PublishParts& parts);

  virtual void AcceptNext() = 0;
  // The request is there.
  virtual void OnRequest() = 0;
  // The answer has left, or the client has: count it.
  virtual void OnAnswered() = 0;

  // One of these, once.
  void Answer(const grpc::ByteBuffer& response);
  void Fail(const absl::Status& status);

  const PublishParts& parts() const { return parts_; }
  Publisher& publisher() { return *parts_.publisher; }
  PublishCounters* counters() { return &thread()->counters(); }
  grpc::ServerContext* context() { return &context_; }
  grpc::ByteBuffer* request() { return &request_; }
  grpc::ServerAsyncResponseWriter<grpc::ByteBuffer>* responder() { return &responder_; }
  bool is_answered() const { return answered_; }

 private:
  const PublishParts parts_;
  grpc::ServerContext context_;
  grpc::ByteBuffer request_;
  grpc::ServerAsyncResponseWriter<grpc::ByteBuffer> responder_{&context_};
  bool accepted_ = false;
  bool answered_ = false;
};

}  // namespace sluice::gateway
