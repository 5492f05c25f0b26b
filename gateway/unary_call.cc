#include "gateway/unary_call.h"

#include "core/check.h"
#include "gateway/rpc_status.h"

namespace sluice::gateway {

UnaryCall::UnaryCall(const PublishParts& parts) : Call(parts.thread), parts_(parts) {}

void UnaryCall::Proceed(bool ok) {
  if (accepted_) {
    OnAnswered();
    delete this;
  } else if (!ok) {
    delete this;  // the server has stopped before a client came
  } else {
    accepted_ = true;
    Enter();
    AcceptNext();
    OnRequest();
  }
}

void UnaryCall::Answer(const grpc::ByteBuffer& response) {
  SLUICE_DCHECK(!answered_);
  answered_ = true;
  responder_.Finish(response, grpc::Status::OK, tag());
}

void UnaryCall::Fail(const absl::Status& status) {
  SLUICE_DCHECK(!answered_);
  answered_ = true;
  responder_.FinishWithError(ToGrpcStatus(status), tag());
}

}  // namespace sluice::gateway
