#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "core/clock.h"
#include "core/mutex.h"
#include "ingest/client_message_queue.h"
#include "ingest/client_message_stream.h"
#include "ingest/consumer_watch.h"
#include "ingest/jetstream_answer.h"
#include "ingest/jetstream_client.h"
#include "ingest/nats_connection.h"
#include "ingest/stream_status.h"

namespace sluice::ingest {

// What a queue on JetStream counts. Thread: any.
struct ClientMessageCounters {
  std::atomic<uint64_t> stored{0};
  std::atomic<uint64_t> refused{0};  // because the stream was full
  std::atomic<uint64_t> delivered{0};
  std::atomic<uint64_t> redelivered{0};
  std::atomic<uint64_t> acknowledged{0};
  std::atomic<uint64_t> discarded{0};
  std::atomic<uint64_t> malformed{0};         // in the stream, but no client message
  std::atomic<uint64_t> consumers_remade{0};  // because they stood still
};

// The receivers of one group in this process, and what they share: a consumer for each partition,
// asked for one message at a time while there is room for it. The consumer has one message under
// way for all processes, which is what keeps a user's messages in order. A message that arrives
// when there is no room waits here for a short while, then goes back. Owner: JetstreamMessageQueue
// and its receivers. Thread: the connection's, but for Open and the receivers: any.
class JetstreamGroup final : public std::enable_shared_from_this<JetstreamGroup> {
 public:
  struct Parts {
    const ClientMessageStream& stream;
    const Clock& clock;
    NatsConnection* connection;
    JetstreamClient* client;
    ClientMessageCounters* counters;
    StreamStatus* status;     // told why there is no consumer
    std::string pull_prefix;  // of the subjects that answers to its requests come to
  };
  JetstreamGroup(Parts parts, const ReceiverOptions& options);

  // Null if the group has been closed.
  std::unique_ptr<ClientMessageReceiver> Open(uint32_t window, ClientMessageSink* sink)
      ABSL_LOCKS_EXCLUDED(mutex_);

  const std::string& consumer_prefix() const { return consumer_prefix_; }
  bool is_closed() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Has had no receiver for as long as its consumers live.
  bool is_forgotten(SteadyTime now) const ABSL_LOCKS_EXCLUDED(mutex_);

  // The stream can be used; `epoch` names its incarnation.
  void OnReady(const Epoch& epoch) ABSL_LOCKS_EXCLUDED(mutex_);
  // There is no link, or no stream.
  void OnAway() ABSL_LOCKS_EXCLUDED(mutex_);
  void OnDelivery(uint32_t partition, const DeliveryPosition& position, const NatsMessage& message)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // The answer to a request without a message; `request` as behind the pull prefix. `is_expired`:
  // there was none in time; else the request was refused.
  void OnPullEnded(std::string_view request, bool is_expired) ABSL_LOCKS_EXCLUDED(mutex_);
  void OnTick(SteadyTime now) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  class Receiver;
  static constexpr uint32_t kPartitions = ClientMessageStream::kPartitions;

  enum class Holding : uint8_t {
    kNone,
    kWaiting,   // for room: in waiting_
    kInFlight,  // `holder` has it
  };
  struct Partition {
    bool has_consumer = false;
    bool is_creating = false;
    SteadyTime create_at{};
    SteadyTime ensured_at{};  // since when it has a consumer
    ConsumerWatch watch;
    bool is_pulling = false;
    uint64_t pull = 0;  // number of the last request
    SteadyTime pull_deadline{};
    bool is_busy = false;  // had a message for which there was no room: in busy_

    Holding holding = Holding::kNone;
    SteadyTime since{};     // it is waiting
    SteadyTime deadline{};  // ends waiting or the holder's time
    std::string id;
    std::string ack_to;
    ClientDelivery delivery;  // while waiting
    Receiver* holder = nullptr;
    uint64_t last_receiver = 0;  // number of the one that had message `id` last
  };
  struct Call {
    Receiver* receiver;
    ClientDelivery delivery;
  };

  // Consumers.
  void EnsureConsumers(SteadyTime now) ABSL_LOCKS_EXCLUDED(mutex_);
  void EnsureConsumer(uint32_t partition) ABSL_LOCKS_EXCLUDED(mutex_);
  void OnConsumer(uint32_t partition, const absl::Status& made) ABSL_LOCKS_EXCLUDED(mutex_);
  // Makes it anew if it stands still.
  void LookAtConsumer(uint32_t partition);
  bool StandsStill(uint32_t partition, const ConsumerState& state) ABSL_LOCKS_EXCLUDED(mutex_);
  // Deletes the consumer and makes it anew: it begins with the first message that is still there.
  void RemakeConsumer(uint32_t partition) ABSL_LOCKS_EXCLUDED(mutex_);
  std::string ConsumerName(uint32_t partition) const;
  void Close(const absl::Status& why) ABSL_LOCKS_EXCLUDED(mutex_);

  // Hands on what can be handed on, then asks for more.
  void Advance() ABSL_LOCKS_EXCLUDED(mutex_);
  std::optional<Call> TakeLocked(SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Receiver* ChooseLocked(uint64_t last_receiver) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndCall() ABSL_LOCKS_EXCLUDED(mutex_);
  void PullLocked(SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PullLocked(uint32_t partition, SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndPullLocked(uint32_t partition) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ExpireLocked(SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Ends waiting or flight.
  void ReleaseLocked(uint32_t partition) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AnswerLocked(const Partition& partition, std::string_view answer)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // For receivers. The message that `receiver` holds under `id` is answered and released; false if
  // there is none.
  bool Finish(Receiver* receiver, const std::string& id, std::string_view answer)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void Leave(Receiver* receiver) ABSL_LOCKS_EXCLUDED(mutex_);
  // Has the connection's thread advance.
  void Wake();

  // Constant after construction.
  const Parts parts_;
  const NamePattern destinations_;
  const std::string consumer_prefix_;
  const std::chrono::milliseconds patience_;  // how long a message waits for room

  std::atomic<bool> is_woken_{false};

  // The connection's thread only.
  bool is_ready_ = false;
  Epoch epoch_;

  mutable Mutex mutex_;
  Condition idle_;  // a call has ended
  bool is_closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<Receiver*> receivers_ ABSL_GUARDED_BY(mutex_);
  size_t next_receiver_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t last_receiver_ ABSL_GUARDED_BY(mutex_) = 0;
  SteadyTime left_at_ ABSL_GUARDED_BY(mutex_);  // by the last receiver
  std::array<Partition, kPartitions> partitions_ ABSL_GUARDED_BY(mutex_);
  std::deque<uint32_t> waiting_ ABSL_GUARDED_BY(mutex_);  // partitions, in order of arrival
  std::deque<uint32_t> busy_ ABSL_GUARDED_BY(mutex_);     // partitions, the longest known first
  Receiver* called_ ABSL_GUARDED_BY(mutex_) = nullptr;    // whose sink is being called
};

}  // namespace sluice::ingest
