#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/counter.h"
#include "ingest/event_log.h"
#include "ingest/event_stream.h"
#include "ingest/event_subject.h"
#include "ingest/jetstream_answer.h"
#include "ingest/jetstream_client.h"
#include "ingest/nats_connection.h"
#include "ingest/reply_slots.h"
#include "ingest/stream_status.h"

namespace sluice::ingest {

// Appends to the stream: each append is one message whose acknowledgement comes back to a numbered
// place of a fixed table. What is under way when the link ends is UNAVAILABLE at once, since its
// acknowledgement will not come. Owner: JetstreamLog. Thread: Append and Announce any, the
// handler's part on the connection's.
class JetstreamAppender final : public NatsHandler {
 public:
  struct Parts {
    const EventStream& stream;
    const Clock& clock;
    Logger* logger;
    StreamStatus* status;  // told how it is about the stream
  };
  // `stream`, `clock` and `status` outlive the appender.
  static absl::StatusOr<std::unique_ptr<JetstreamAppender>> Open(const Parts& parts);
  // Answers what is under way with UNAVAILABLE.
  ~JetstreamAppender() override;

  void Append(const AppendRequest& request, AppendDone done);
  void Announce() { connection_->Flush(); }

  const NatsConnection& connection() const { return *connection_; }
  bool is_ready() const {
    return connection_->is_connected() && is_ready_.load(std::memory_order_acquire);
  }
  uint64_t in_flight() const { return slots_.used(); }
  uint64_t last_sequence() const { return last_sequence_.value(); }

 private:
  struct Acknowledged {
    AppendDone done;
    AppendAnswer answer;
  };

  explicit JetstreamAppender(const Parts& parts);

  void OnConnected() override;
  void OnDisconnected() override;
  void OnMessage(const NatsMessage& message) override;
  void OnNoResponders(bool is_delivery) override;
  void OnTick(SteadyTime now) override;

  void CheckStream();
  void OnStream(absl::StatusOr<StreamState> state);
  void OnAcknowledgement(const NatsMessage& message);
  void Answer(Acknowledged acknowledged);
  void FailAll(const char* why);

  // Constant after construction.
  const EventSubject& subject_;
  const Clock& clock_;
  StreamStatus* const status_;

  std::atomic<bool> is_ready_{false};
  Counter last_sequence_;         // of what was acknowledged, in epoch_
  ReplySlots<AppendDone> slots_;  // of what is under way: `<inbox>.ack.*`

  // The connection's thread only.
  JetstreamClient client_;
  Epoch epoch_;
  bool are_appends_failing_ = false;  // the last one was answered by nobody
  bool is_checking_ = false;
  bool is_sure_of_epoch_ = false;  // not after the stream was changed, until it has been looked at
  uint64_t changes_ = 0;           // of the stream that the server told of
  SteadyTime next_check_{};
  std::vector<Acknowledged> unsure_;  // until it is known of which epoch they are
  std::unique_ptr<NatsConnection> connection_;
};

}  // namespace sluice::ingest
