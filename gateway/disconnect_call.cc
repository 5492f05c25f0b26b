#include <string>

#include "core/channel.h"
#include "gateway/message.h"
#include "gateway/publish_service.h"
#include "gateway/rpc_status.h"
#include "gateway/unary_call.h"
#include "sluice/v1/gateway.pb.h"

namespace sluice::gateway {
namespace {

constexpr size_t kMaxReasonBytes = 256;

absl::Status Validate(const v1::DisconnectRequest& request) {
  if (request.reason().size() > kMaxReasonBytes) {
    return FieldViolation("reason", "reason must be at most 256 bytes");
  }
  switch (request.target_case()) {
    case v1::DisconnectRequest::kUserId: {
      const absl::Status valid = ValidateChannelName("user_id", request.user_id());
      return valid.ok() ? valid : FieldViolation("user_id", valid.message());
    }
    case v1::DisconnectRequest::kTokenId: {
      const absl::Status valid = ValidateChannelName("token_id", request.token_id());
      return valid.ok() ? valid : FieldViolation("token_id", valid.message());
    }
    case v1::DisconnectRequest::TARGET_NOT_SET:
      break;
  }
  return FieldViolation("target", "target must be set: user_id or token_id");
}

// One Disconnect: the log of revocations carries it to every edge.
class DisconnectCall final : public UnaryCall, public AppendOwner {
 public:
  explicit DisconnectCall(const PublishParts& parts) : UnaryCall(parts) {
    parts.service->RequestDisconnect(context(), request(), responder(), parts.thread->queue(),
                                     parts.thread->queue(), tag());
  }

  void Abandon() override {
    if (is_answered()) return;
    append_ = Abandoned(std::move(append_));
    AnswerAppend();
  }

 private:
  void AcceptNext() override { AcceptDisconnect(parts()); }

  void OnRequest() override {
    append_->owner = this;
    append_->inbox = thread()->inbox();
    const MessageBytes message(*request());
    v1::DisconnectRequest request;
    if (!request.ParseFromArray(message.view().data(), static_cast<int>(message.view().size()))) {
      append_->result =
          absl::InvalidArgumentError("the bytes are not a sluice.v1.DisconnectRequest");
    } else if (absl::Status status = Validate(request); !status.ok()) {
      append_->result = std::move(status);
    } else {
      const bool is_user = request.target_case() == v1::DisconnectRequest::kUserId;
      publisher().BeginRevocation({.is_user = is_user,
                                   .id = is_user ? request.user_id() : request.token_id(),
                                   .reason = request.reason()},
                                  publisher().FactsOf(*context()), append_.get(), counters());
    }
    if (!append_->pending) {
      AnswerAppend();
    } else if (thread()->is_abandoning()) {
      Abandon();
    }
  }

  void OnAppended(Append*) override { AnswerAppend(); }

  void AnswerAppend() {
    if (!append_->result.ok()) return Fail(append_->result.status());
    Answer(ToBuffer(v1::DisconnectResponse().SerializeAsString()));
  }

  void OnAnswered() override { publisher().End({&append_, 1}, counters()); }

  OwnedAppend append_{new Append};
};

}  // namespace

void AcceptDisconnect(const PublishParts& parts) { new DisconnectCall(parts); }

}  // namespace sluice::gateway
