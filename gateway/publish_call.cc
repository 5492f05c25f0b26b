#include <string>

#include "gateway/announcer.h"
#include "gateway/message.h"
#include "gateway/publish_service.h"
#include "gateway/unary_call.h"

namespace sluice::gateway {
namespace {

// One Publish.
class PublishCall final : public UnaryCall, public AppendOwner {
 public:
  explicit PublishCall(const PublishParts& parts) : UnaryCall(parts) {
    parts.service->RequestPublish(context(), request(), responder(), parts.thread->queue(),
                                  parts.thread->queue(), tag());
  }

  void Abandon() override {
    if (is_answered()) return;
    append_ = Abandoned(std::move(append_));
    AnswerAppend();
  }

 private:
  void AcceptNext() override { AcceptPublish(parts()); }

  void OnRequest() override {
    append_->owner = this;
    append_->inbox = thread()->inbox();
    const MessageBytes message(*request());
    publisher().Begin(message.view(), publisher().FactsOf(*context()), append_.get(), counters());
    parts().announcer->AnnounceWhenTurnEnds();
    if (!append_->pending) {
      AnswerAppend();
    } else if (thread()->is_abandoning()) {
      Abandon();
    }
  }

  void OnAppended(Append*) override { AnswerAppend(); }

  void AnswerAppend() {
    if (!append_->result.ok()) return Fail(append_->result.status());
    std::string response;
    WriteResponse(*append_->result, &response);
    Answer(ToBuffer(response));
  }

  void OnAnswered() override { publisher().End({&append_, 1}, counters()); }

  OwnedAppend append_{new Append};
};

}  // namespace

void AcceptPublish(const PublishParts& parts) { new PublishCall(parts); }

}  // namespace sluice::gateway
