#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/counter.h"
#include "ingest/event_log.h"
#include "ingest/event_message.h"
#include "ingest/event_stream.h"
#include "ingest/event_subject.h"
#include "ingest/jetstream_answer.h"
#include "ingest/jetstream_client.h"
#include "ingest/nats_connection.h"
#include "ingest/stream_status.h"

namespace sluice::ingest {

// What tails count. Thread: a tail writes, the scrape reads.
struct TailCounters {
  Counter restarts;  // consumers made anew because something was missing or silent
  std::array<Counter, kMessageFaults> malformed;
};

// Reads the stream in order through one consumer of its own, from what is retained on. Whenever
// something is missing or silent the consumer is made anew behind the last event; what can no
// longer be had becomes a hole, another incarnation of the stream an epoch. Makes no request for a
// browser, however many come. Owner: who opened it. Thread: RequestHead any, the rest the
// connection's, which is the tail's.
class JetstreamTail final : public Tail, public NatsHandler {
 public:
  // How often a consumer with nothing to deliver says so, and how long its silence is borne.
  static constexpr std::chrono::milliseconds kHeartbeat{1'000};
  static constexpr std::chrono::milliseconds kPatience{3'000};

  struct Parts {
    const EventStream& stream;
    const Clock& clock;
    Logger* logger;
    StreamStatus* status;
    TailCounters* counters;
    TailSink* sink;
  };
  static absl::StatusOr<std::unique_ptr<JetstreamTail>> Open(const Parts& parts);
  ~JetstreamTail() override;

  void RequestHead() override;

  const NatsConnection& connection() const { return *connection_; }
  bool is_ready() const {
    return connection_->is_connected() && is_ready_.load(std::memory_order_acquire);
  }

 private:
  enum class State : uint8_t {
    kAway,       // no link, or the stream cannot be used now
    kPreparing,  // the stream or the consumer has been asked for
    kReading,
  };

  explicit JetstreamTail(const Parts& parts);

  void OnConnected() override;
  void OnDisconnected() override;
  void OnMessage(const NatsMessage& message) override;
  void OnNoResponders(bool is_delivery) override;
  void OnBatchEnd() override;
  void OnTick(SteadyTime now) override;

  // Looks at the stream and makes a consumer behind the last event.
  void Prepare();
  void OnStream(absl::StatusOr<StreamState> state);
  void Begin(const StreamState& state);
  void Resume(const StreamState& state);
  void CreateConsumer();
  void OnConsumer(absl::StatusOr<std::string_view> answer);
  void PrepareLater(const absl::Status& why);
  void Restart(std::string_view why);
  void DeleteConsumer();

  void OnDelivery(const NatsMessage& message, const DeliveryPosition& position);
  // Whether the message is behind the last event, which is the case but for the first delivery and
  // for what the stream must not do.
  bool Follows(const DeliveryPosition& position);
  void Renew();
  void OnControl(const NatsMessage& message);
  void AddEvent(const NatsMessage& message, const DeliveryPosition& position);
  void HandOn();
  void Lose(uint64_t first, uint64_t last);
  void SetHeadTarget(uint64_t sequence);
  void TellHead();
  void PassTo(uint64_t sequence);
  // Whether the stream is still the same and, if somebody waits for it, how far it is.
  void LookAtStream();
  // `last`: as it was when the stream was asked for.
  void OnLook(const absl::StatusOr<StreamState>& state, uint64_t last, bool for_head);

  // Constant after construction.
  const EventStream& stream_;
  const EventSubject& subject_;
  const Clock& clock_;
  Logger* const logger_;
  StreamStatus* const status_;
  TailCounters* const counters_;
  TailSink* const sink_;

  std::atomic<bool> is_ready_{false};
  std::atomic<bool> head_requested_{false};

  // The connection's thread only.
  JetstreamClient client_;
  State state_ = State::kAway;
  SteadyTime next_attempt_ = SteadyTime::max();  // to prepare, while away with a link
  SteadyTime last_heard_{};                      // from the consumer
  SteadyTime next_look_{};                       // at the stream
  uint64_t generation_ = 0;                      // of the consumer: older ones are not listened to
  std::string deliver_to_;
  std::string consumer_;
  uint64_t consumer_sequence_ = 0;  // of its last delivery
  uint64_t unreadable_ = 0;         // deliveries behind last_ of which only the number is known

  Epoch epoch_;
  uint64_t last_ = 0;           // everything up to here was handed on, or is a hole
  int64_t last_stored_ns_ = 0;  // of the event at last_, 0 if it is not known
  bool is_initial_ = true;      // what was removed before the first head is nobody's loss
  bool must_verify_ = false;    // the consumer begins at last_, to see whether it is the same event
  int idle_heartbeats_ = 0;     // since the last delivery, or since head_target_ was set
  std::shared_ptr<EventBatch> batch_;
  size_t batch_bytes_ = 0;
  std::optional<uint64_t> head_target_;  // an end of the log that the sink is owed
  uint64_t short_of_ = 0;  // the end before which the consumer before this one stopped
  bool is_looking_ = false;
  std::unique_ptr<NatsConnection> connection_;
};

}  // namespace sluice::ingest
