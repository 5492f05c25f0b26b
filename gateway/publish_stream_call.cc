#include <grpcpp/server_context.h>
#include <grpcpp/support/async_stream.h>

#include <deque>
#include <string>

#include "gateway/announcer.h"
#include "gateway/call_thread.h"
#include "gateway/message.h"
#include "gateway/publish_service.h"
#include "gateway/publisher.h"
#include "gateway/rpc_status.h"

namespace sluice::gateway {
namespace {

// Events of one stream that are not yet answered. A client that does not read its answers, or a log
// that does not give any, stops the reading here.
constexpr size_t kMaxUnanswered = 1024;

// One PublishStream. It reads on while the log and the client owe it nothing but time, and writes
// answers in the order of the requests. Answers are held back to the end of the thread's turn and
// then handed to gRPC with the hint that more follows, so that they leave together: a write to the
// socket for each would be half of what an event costs.
class PublishStreamCall final : public Call, public Flushable, public AppendOwner {
 public:
  explicit PublishStreamCall(const PublishParts& parts) : Call(parts.thread), parts_(parts) {
    parts.service->RequestPublishStream(&context_, &stream_, thread()->queue(), thread()->queue(),
                                        accepted_.tag());
  }

  void Drain() override { FlushWhenTurnEnds(); }

  void Abandon() override {
    for (OwnedAppend& append : unanswered_) {
      if (append->pending) append = Abandoned(std::move(append));
    }
    FlushWhenTurnEnds();
  }

  void Flush() override {
    flush_awaited_ = false;
    Advance();
  }

 private:
  void OnAccepted(bool ok) {
    if (!ok) {
      delete this;  // the server has stopped before a client came
      return;
    }
    Enter();
    AcceptPublishStream(parts_);
    facts_ = publisher().StreamFactsOf(context_);
    Advance();
  }

  void OnRead(bool ok) {
    reading_ = false;
    if (ok && !finishing_) {  // an event may come while the status leaves, which nothing follows
      Take();
      Read();
    } else {
      reads_ended_ = true;
    }
    FlushWhenTurnEnds();
  }

  void Take() {
    Append* const append = unanswered_.emplace_back(new Append).get();
    append->owner = this;
    append->inbox = thread()->inbox();
    const MessageBytes message(request_);
    publisher().Begin(message.view(), publisher().StreamedFactsOf(facts_), append, counters());
    parts_.announcer->AnnounceWhenTurnEnds();
    if (append->pending && thread()->is_abandoning()) Abandon();
  }

  void OnAppended(Append*) override { FlushWhenTurnEnds(); }

  void OnWritten(bool ok) {
    writing_ = false;
    broken_ = !ok;
    Drop();
    Advance();
  }

  void OnFinished(bool) {
    finished_ = true;
    Advance();
  }

  void FlushWhenTurnEnds() {
    if (flush_awaited_) return;
    flush_awaited_ = true;
    thread()->FlushLater(this);
  }

  // Does what can be done now. The call may be gone afterwards.
  void Advance() {
    Write();
    Read();
    Finish();
    if (finished_ && !reading_ && !flush_awaited_) delete this;
  }

  bool IsReady(size_t i) const { return i < unanswered_.size() && !unanswered_[i]->pending; }

  void Write() {
    if (writing_) return;
    // Nobody is left to hear the answers.
    while (broken_ && IsReady(0)) Drop();
    if (!IsReady(0)) return;
    response_.clear();
    WriteResult(*unanswered_.front(), &response_);
    grpc::WriteOptions options;
    // The first answer takes the response's headers along, which complete only once they have left.
    if (IsReady(1) && headers_sent_) options.set_buffer_hint();
    headers_sent_ = true;
    writing_ = true;
    stream_.Write(ToBuffer(response_), options, written_.tag());
  }

  // Forgets the oldest event, which is answered.
  void Drop() {
    publisher().End({&unanswered_.front(), 1}, counters());
    unanswered_.pop_front();
  }

  void Read() {
    if (reading_ || reads_ended_ || broken_ || finishing_ || thread()->is_draining()) return;
    if (unanswered_.size() >= kMaxUnanswered || !facts_.grant.ok()) return;
    reading_ = true;
    stream_.Read(&request_, read_.tag());
  }

  void Finish() {
    const bool ended = reads_ended_ || broken_ || thread()->is_draining() || !facts_.grant.ok();
    if (!ended || finishing_ || writing_ || !unanswered_.empty()) return;
    finishing_ = true;
    stream_.Finish(FinalStatus(), ended_.tag());
  }

  grpc::Status FinalStatus() const {
    if (!facts_.grant.ok()) return ToGrpcStatus(facts_.grant.status());
    if (reads_ended_) return grpc::Status::OK;
    return {grpc::StatusCode::UNAVAILABLE, "the gateway is stopping"};
  }

  Publisher& publisher() { return *parts_.publisher; }
  PublishCounters* counters() { return &thread()->counters(); }

  const PublishParts parts_;
  grpc::ServerContext context_;
  grpc::ServerAsyncReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer> stream_{&context_};
  StepOf<PublishStreamCall, &PublishStreamCall::OnAccepted> accepted_{this};
  StepOf<PublishStreamCall, &PublishStreamCall::OnRead> read_{this};
  StepOf<PublishStreamCall, &PublishStreamCall::OnWritten> written_{this};
  StepOf<PublishStreamCall, &PublishStreamCall::OnFinished> ended_{this};

  CallFacts facts_;                     // of the stream
  grpc::ByteBuffer request_;            // of the read under way
  std::string response_;                // kept for its memory
  std::deque<OwnedAppend> unanswered_;  // in the order of the requests
  bool headers_sent_ = false;
  bool reading_ = false;
  bool writing_ = false;      // the answer of the front
  bool reads_ended_ = false;  // the client has sent its last event, or is gone
  bool broken_ = false;       // the client is gone
  bool finishing_ = false;
  bool finished_ = false;
  bool flush_awaited_ = false;
};

}  // namespace

void AcceptPublishStream(const PublishParts& parts) { new PublishStreamCall(parts); }

}  // namespace sluice::gateway
