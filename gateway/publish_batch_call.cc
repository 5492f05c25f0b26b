#include <string>
#include <string_view>
#include <vector>

#include "gateway/message.h"
#include "gateway/publish_request.h"
#include "gateway/publish_service.h"
#include "gateway/unary_call.h"

namespace sluice::gateway {
namespace {

// One PublishBatch: its events go to the log one after the other, each answers for itself.
class PublishBatchCall final : public UnaryCall, public AppendOwner {
 public:
  explicit PublishBatchCall(const PublishParts& parts) : UnaryCall(parts) {
    parts.service->RequestPublishBatch(context(), request(), responder(), parts.thread->queue(),
                                       parts.thread->queue(), tag());
  }

  void Abandon() override {
    if (is_answered()) return;
    for (OwnedAppend& append : appends_) {
      if (append->pending) append = Abandoned(std::move(append));
    }
    pending_ = 0;
    AnswerAppends();
  }

 private:
  void AcceptNext() override { AcceptPublishBatch(parts()); }

  void OnRequest() override {
    const MessageBytes message(*request());
    std::vector<std::string_view> requests;
    const absl::Status status = DecodePublishBatchRequest(
        message.view(), publisher().options().max_batch_events, &requests);
    if (!status.ok()) return Fail(status);
    const CallFacts facts = publisher().FactsOf(*context());
    if (!facts.grant.ok()) return Fail(facts.grant.status());
    appends_.reserve(requests.size());
    for (const std::string_view bytes : requests) {
      Append* const append = appends_.emplace_back(new Append).get();
      append->owner = this;
      append->inbox = thread()->inbox();
      publisher().Begin(bytes, facts, append, counters());
      if (append->pending) ++pending_;
    }
    publisher().Announce();
    if (pending_ == 0) {
      AnswerAppends();
    } else if (thread()->is_abandoning()) {
      Abandon();
    }
  }

  void OnAppended(Append*) override {
    if (--pending_ == 0) AnswerAppends();
  }

  void AnswerAppends() {
    std::string response;
    for (const OwnedAppend& append : appends_) WriteResult(*append, &response);
    Answer(ToBuffer(response));
  }

  void OnAnswered() override { publisher().End(appends_, counters()); }

  std::vector<OwnedAppend> appends_;  // in the order of the requests
  size_t pending_ = 0;                // of them, those that the log has
};

}  // namespace

void AcceptPublishBatch(const PublishParts& parts) { new PublishBatchCall(parts); }

}  // namespace sluice::gateway
