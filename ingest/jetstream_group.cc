#include "ingest/jetstream_group.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/check.h"

namespace sluice::ingest {
namespace {

constexpr std::string_view kAck = "+ACK";
constexpr std::string_view kNak = "-NAK";
constexpr std::string_view kTerm = "+TERM";
constexpr std::string_view kInProgress = "+WPI";

constexpr std::chrono::seconds kPullExpires{10};
// A server of 2.9 that was killed may take an acknowledged message for one that is under way. It
// finds out within 1.5 s, but says so only to the next request: at first they are short.
constexpr std::chrono::seconds kFirstPullExpires{1};
constexpr std::chrono::seconds kFirstPulls{2};
// Beyond it, a request without any answer has been lost, perhaps with its consumer.
constexpr std::chrono::seconds kPullGrace{2};
constexpr std::chrono::milliseconds kCreateRetry{250};
constexpr std::chrono::milliseconds kMaxPatience{2'000};

std::string NakAfter(std::chrono::nanoseconds delay) {
  return absl::StrCat("-NAK {\"delay\":", delay.count(), "}");
}

}  // namespace

// One backend's share. What is not constant is the group's, under its mutex.
class JetstreamGroup::Receiver final : public ClientMessageReceiver {
 public:
  Receiver(std::shared_ptr<JetstreamGroup> group, uint32_t window, ClientMessageSink* sink,
           uint64_t number)
      : group_(std::move(group)), window_(window), sink_(sink), number_(number) {}
  ~Receiver() override { group_->Leave(this); }

  void Acknowledge(const std::string& id) override {
    if (group_->Finish(this, id, kAck)) ++group_->parts_.counters->acknowledged;
  }
  void Reject(const std::string& id, bool discard) override {
    if (!discard) {
      group_->Finish(this, id, NakAfter(group_->parts_.stream.options().retry_delay));
    } else if (group_->Finish(this, id, kTerm)) {
      ++group_->parts_.counters->discarded;
    }
  }

 private:
  friend class JetstreamGroup;

  const std::shared_ptr<JetstreamGroup> group_;  // may outlive its place in the queue's table
  const uint32_t window_;
  ClientMessageSink* const sink_;
  const uint64_t number_;
  uint32_t in_flight_ ABSL_GUARDED_BY(group_->mutex_) = 0;
};

JetstreamGroup::JetstreamGroup(Parts parts, const ReceiverOptions& options)
    : parts_(std::move(parts)),
      destinations_(options.destinations),
      consumer_prefix_(ClientMessageStream::ConsumerPrefix(options)),
      patience_(std::min(kMaxPatience, parts_.stream.options().ack_wait / 4)),
      left_at_(parts_.clock.Steady()) {}

std::unique_ptr<ClientMessageReceiver> JetstreamGroup::Open(uint32_t window,
                                                            ClientMessageSink* sink) {
  std::unique_ptr<Receiver> receiver;
  {
    MutexLock lock(&mutex_);
    if (is_closed_) return nullptr;
    receiver = std::make_unique<Receiver>(shared_from_this(), window, sink, ++last_receiver_);
    receivers_.push_back(receiver.get());
  }
  Wake();
  return receiver;
}

bool JetstreamGroup::is_closed() const {
  MutexLock lock(&mutex_);
  return is_closed_;
}

bool JetstreamGroup::is_forgotten(SteadyTime now) const {
  MutexLock lock(&mutex_);
  return receivers_.empty() && now - left_at_ > parts_.stream.idle_time();
}

void JetstreamGroup::Wake() {
  if (is_woken_.exchange(true)) return;
  parts_.connection->Post([self = shared_from_this()] {
    self->is_woken_.store(false);
    self->Advance();
  });
}

// Consumers

void JetstreamGroup::OnReady(const Epoch& epoch) {
  if (is_ready_ && epoch == epoch_) return;
  if (epoch != epoch_) OnAway();  // the consumers of another stream are not there
  epoch_ = epoch;
  is_ready_ = true;
  EnsureConsumers(parts_.clock.Steady());
}

void JetstreamGroup::OnAway() {
  is_ready_ = false;
  MutexLock lock(&mutex_);
  for (Partition& partition : partitions_) {
    partition.has_consumer = false;
    partition.create_at = SteadyTime{};
    partition.is_pulling = false;
    partition.watch.Forget();
  }
}

void JetstreamGroup::EnsureConsumers(SteadyTime now) {
  std::vector<uint32_t> missing;
  {
    MutexLock lock(&mutex_);
    if (receivers_.empty()) return;
    for (uint32_t i = 0; i < kPartitions; ++i) {
      const Partition& partition = partitions_[i];
      if (partition.has_consumer || partition.is_creating || now < partition.create_at) continue;
      missing.push_back(i);
      // The first alone: of two groups that want the same, one gets it and with it all others.
      if (i == 0) break;
      if (!partitions_[0].has_consumer) return;
    }
  }
  for (const uint32_t i : missing) EnsureConsumer(i);
}

void JetstreamGroup::EnsureConsumer(uint32_t partition) {
  {
    MutexLock lock(&mutex_);
    partitions_[partition].is_creating = true;
  }
  const std::string consumer = ConsumerName(partition);
  parts_.client->Request(
      parts_.stream.ConsumerSubject("DURABLE.CREATE", consumer),
      parts_.stream.ConsumerRequest(consumer, destinations_, partition),
      [self = shared_from_this(), partition](absl::StatusOr<std::string_view> answer) {
        self->OnConsumer(partition,
                         answer.ok() ? ParseJetstreamAnswer(*answer).status() : answer.status());
      });
}

void JetstreamGroup::OnConsumer(uint32_t partition, const absl::Status& made) {
  if (absl::IsAlreadyExists(made)) return Close(absl::FailedPreconditionError(kDestinationsTaken));
  if (absl::IsFailedPrecondition(made)) return Close(made);
  {
    MutexLock lock(&mutex_);
    partitions_[partition].is_creating = false;
    partitions_[partition].has_consumer = made.ok() && is_ready_;
    partitions_[partition].ensured_at = parts_.clock.Steady();
    partitions_[partition].create_at = parts_.clock.Steady() + kCreateRetry;
  }
  if (!is_ready_) return;
  if (!made.ok()) return parts_.status->Report(made);  // tried again by OnTick
  if (partition == 0) EnsureConsumers(parts_.clock.Steady());
  Advance();
}

void JetstreamGroup::LookAtConsumer(uint32_t partition) {
  parts_.client->Request(
      parts_.stream.ConsumerSubject("INFO", ConsumerName(partition)), "",
      [self = shared_from_this(), partition](absl::StatusOr<std::string_view> answer) {
        if (!answer.ok()) return;  // the next request for a message will tell
        const absl::StatusOr<ConsumerState> state = ParseConsumerState(*answer);
        if (state.ok() && self->StandsStill(partition, *state)) self->RemakeConsumer(partition);
      });
}

bool JetstreamGroup::StandsStill(uint32_t partition, const ConsumerState& state) {
  MutexLock lock(&mutex_);
  Partition& of = partitions_[partition];
  if (of.holding != Holding::kNone) {
    of.watch.Forget();
    return false;
  }
  // Who has the message has it for ack_wait at most, and again when it has waited for room; one
  // that was rejected rests.
  const ClientMessageOptions& options = parts_.stream.options();
  return of.watch.StandsStill(state, parts_.clock.Steady(),
                              2 * options.ack_wait + options.retry_delay + kPullGrace);
}

void JetstreamGroup::RemakeConsumer(uint32_t partition) {
  const std::string consumer = ConsumerName(partition);
  parts_.status->Report(
      absl::UnavailableError(absl::StrCat("consumer ", consumer, " stood still; made anew")));
  ++parts_.counters->consumers_remade;
  {
    MutexLock lock(&mutex_);
    Partition& of = partitions_[partition];
    of.watch.Forget();
    EndPullLocked(partition);
    of.has_consumer = false;
    of.is_creating = true;  // not before it is deleted
  }
  parts_.client->Request(parts_.stream.ConsumerSubject("DELETE", consumer), "",
                         [self = shared_from_this(), partition](const auto&) {
                           {
                             MutexLock lock(&self->mutex_);
                             self->partitions_[partition].is_creating = false;
                           }
                           self->Advance();
                         });
}

std::string JetstreamGroup::ConsumerName(uint32_t partition) const {
  return consumer_prefix_ + std::to_string(partition);
}

void JetstreamGroup::Close(const absl::Status& why) {
  for (;;) {
    Receiver* receiver = nullptr;
    {
      MutexLock lock(&mutex_);
      is_closed_ = true;
      for (uint32_t i = 0; i < kPartitions; ++i) {
        if (partitions_[i].holding == Holding::kNone) continue;
        AnswerLocked(partitions_[i], kNak);
        ReleaseLocked(i);
      }
      if (receivers_.empty()) return;
      receiver = receivers_.back();
      receivers_.pop_back();
      called_ = receiver;
    }
    receiver->sink_->OnClosed(why);
    EndCall();
  }
}

// Handing on

void JetstreamGroup::Advance() {
  for (;;) {
    std::optional<Call> call;
    {
      MutexLock lock(&mutex_);
      if (is_closed_) return;
      const SteadyTime now = parts_.clock.Steady();
      call = TakeLocked(now);
      if (!call) {
        PullLocked(now);
        break;
      }
      called_ = call->receiver;
    }
    call->receiver->sink_->OnMessage(std::move(call->delivery));
    EndCall();
  }
  parts_.connection->Flush();
  if (is_ready_) EnsureConsumers(parts_.clock.Steady());
}

void JetstreamGroup::EndCall() {
  {
    MutexLock lock(&mutex_);
    called_ = nullptr;
  }
  idle_.NotifyAll();
}

std::optional<JetstreamGroup::Call> JetstreamGroup::TakeLocked(SteadyTime now) {
  if (waiting_.empty()) return std::nullopt;
  Partition& partition = partitions_[waiting_.front()];
  Receiver* const receiver = ChooseLocked(partition.last_receiver);
  if (receiver == nullptr) return std::nullopt;
  receiver->group_->mutex_.AssertHeld();
  waiting_.pop_front();
  if (partition.since < now) AnswerLocked(partition, kInProgress);  // its time begins now
  partition.holding = Holding::kInFlight;
  partition.holder = receiver;
  partition.last_receiver = receiver->number_;
  partition.deadline = now + parts_.stream.options().ack_wait;
  ++receiver->in_flight_;
  ++parts_.counters->delivered;
  if (partition.delivery.attempt > 1) ++parts_.counters->redelivered;
  return Call{receiver, std::exchange(partition.delivery, {})};
}

JetstreamGroup::Receiver* JetstreamGroup::ChooseLocked(uint64_t last_receiver) {
  Receiver* same = nullptr;
  const size_t count = receivers_.size();
  for (size_t i = 0; i < count; ++i) {
    const size_t index = (next_receiver_ + i) % count;
    Receiver* const receiver = receivers_[index];
    receiver->group_->mutex_.AssertHeld();
    if (receiver->in_flight_ >= receiver->window_) continue;
    if (receiver->number_ == last_receiver) {
      same = receiver;
      continue;
    }
    next_receiver_ = index + 1;
    return receiver;
  }
  return same;
}

void JetstreamGroup::OnDelivery(uint32_t partition, const DeliveryPosition& position,
                                const NatsMessage& message) {
  absl::StatusOr<ClientMessage> parsed = parts_.stream.Parse(message);
  {
    MutexLock lock(&mutex_);
    EndPullLocked(partition);
    // The one before was given up by the server, or is this one.
    ReleaseLocked(partition);
    Partition& to = partitions_[partition];
    to.ack_to = std::string(message.reply());
    if (!parsed.ok()) {
      ++parts_.counters->malformed;
      AnswerLocked(to, kTerm);
    } else if (is_closed_ || receivers_.empty()) {
      AnswerLocked(to, kNak);
    } else {
      std::string id = absl::StrCat(epoch_.text(), "-", position.sequence);
      if (to.id != id) to.last_receiver = 0;
      to.id = std::move(id);
      to.delivery = {
          .id = to.id,
          .attempt = static_cast<uint32_t>(std::min<uint64_t>(position.deliveries, UINT32_MAX)),
          .message = *std::move(parsed)};
      to.holding = Holding::kWaiting;
      to.since = parts_.clock.Steady();
      to.deadline = to.since + patience_;
      waiting_.push_back(partition);
    }
  }
  Advance();
}

// Asking

void JetstreamGroup::PullLocked(SteadyTime now) {
  if (receivers_.empty() || !is_ready_) return;
  int64_t room = -static_cast<int64_t>(waiting_.size());
  for (const Receiver* receiver : receivers_) {
    receiver->group_->mutex_.AssertHeld();
    room += receiver->window_ - receiver->in_flight_;
  }
  for (const uint32_t i : busy_) room -= partitions_[i].is_pulling ? 1 : 0;
  const auto can_pull = [](const Partition& partition) {
    return partition.has_consumer && !partition.is_pulling && partition.holding == Holding::kNone;
  };
  for (const uint32_t i : busy_) {
    if (room <= 0) return;
    if (!can_pull(partitions_[i])) continue;
    PullLocked(i, now);
    --room;
  }
  if (room <= 0) return;
  // More requests than there is room for: most are for a partition that has nothing.
  for (uint32_t i = 0; i < kPartitions; ++i) {
    if (!partitions_[i].is_busy && can_pull(partitions_[i])) PullLocked(i, now);
  }
}

void JetstreamGroup::PullLocked(uint32_t partition, SteadyTime now) {
  Partition& from = partitions_[partition];
  // At its end the consumer is looked at, which is worth no more often than after ack_wait.
  const std::chrono::nanoseconds longest = std::clamp<std::chrono::nanoseconds>(
      parts_.stream.options().ack_wait, kFirstPullExpires, kPullExpires);
  const bool is_new = now < from.ensured_at + kFirstPulls;
  const std::chrono::nanoseconds expires = is_new ? kFirstPullExpires : longest;
  const std::string reply = absl::StrCat(parts_.pull_prefix, partition, "-", ++from.pull);
  const absl::Status sent =
      parts_.connection->Publish(parts_.stream.ConsumerSubject("MSG.NEXT", ConsumerName(partition)),
                                 reply, ClientMessageStream::PullRequest(expires));
  from.is_pulling = sent.ok();
  from.pull_deadline = now + expires + kPullGrace;
}

void JetstreamGroup::EndPullLocked(uint32_t partition) {
  partitions_[partition].is_pulling = false;
  if (std::exchange(partitions_[partition].is_busy, false)) std::erase(busy_, partition);
}

void JetstreamGroup::OnPullEnded(std::string_view request, bool is_expired) {
  uint32_t partition = 0;
  uint64_t pull = 0;
  const char* const end = request.data() + request.size();
  const auto first = std::from_chars(request.data(), end, partition);
  if (first.ptr == end || *first.ptr != '-' || partition >= kPartitions) return;
  if (std::from_chars(first.ptr + 1, end, pull).ptr != end) return;
  {
    MutexLock lock(&mutex_);
    Partition& from = partitions_[partition];
    if (from.pull != pull || !from.is_pulling) return;
    EndPullLocked(partition);
    if (!is_expired) {  // the consumer is gone or has too many requests: not at once again
      from.has_consumer = false;
      from.create_at = parts_.clock.Steady() + kCreateRetry;
    }
  }
  Advance();
  if (is_expired) LookAtConsumer(partition);
}

// Ending

void JetstreamGroup::OnTick(SteadyTime now) {
  {
    MutexLock lock(&mutex_);
    ExpireLocked(now);
  }
  Advance();
}

void JetstreamGroup::ExpireLocked(SteadyTime now) {
  for (uint32_t i = 0; i < kPartitions; ++i) {
    Partition& partition = partitions_[i];
    if (partition.is_pulling && partition.pull_deadline <= now) {
      EndPullLocked(i);
      partition.has_consumer = false;  // to be seen
    }
    if (partition.holding == Holding::kNone || partition.deadline > now) continue;
    if (partition.holding == Holding::kWaiting) {
      // Another process may have room. Here it is asked for again when there is.
      AnswerLocked(partition, kNak);
      if (!std::exchange(partition.is_busy, true)) busy_.push_back(i);
    }
    ReleaseLocked(i);
  }
}

void JetstreamGroup::ReleaseLocked(uint32_t partition) {
  Partition& from = partitions_[partition];
  if (from.holding == Holding::kInFlight) {
    Receiver* const holder = std::exchange(from.holder, nullptr);
    holder->group_->mutex_.AssertHeld();
    --holder->in_flight_;
  } else if (from.holding == Holding::kWaiting) {
    std::erase(waiting_, partition);
    from.delivery = {};
  }
  from.holding = Holding::kNone;
}

void JetstreamGroup::AnswerLocked(const Partition& partition, std::string_view answer) {
  // What does not arrive is delivered again after ack_wait.
  (void)parts_.connection->Publish(partition.ack_to, "", answer);
}

bool JetstreamGroup::Finish(Receiver* receiver, const std::string& id, std::string_view answer) {
  {
    MutexLock lock(&mutex_);
    const auto found =
        std::find_if(partitions_.begin(), partitions_.end(), [&](const Partition& partition) {
          return partition.holding == Holding::kInFlight && partition.holder == receiver &&
                 partition.id == id;
        });
    if (found == partitions_.end()) return false;
    AnswerLocked(*found, answer);
    ReleaseLocked(static_cast<uint32_t>(found - partitions_.begin()));
  }
  Wake();
  return true;
}

void JetstreamGroup::Leave(Receiver* receiver) {
  {
    MutexLock lock(&mutex_);
    std::erase(receivers_, receiver);
    for (uint32_t i = 0; i < kPartitions; ++i) {
      const bool is_its = partitions_[i].holder == receiver;
      // Without any receiver, what waits for one goes back as well.
      if (!is_its && !(receivers_.empty() && partitions_[i].holding == Holding::kWaiting)) continue;
      AnswerLocked(partitions_[i], kNak);
      ReleaseLocked(i);
    }
    if (receivers_.empty()) left_at_ = parts_.clock.Steady();
    while (called_ == receiver) idle_.Wait(&mutex_);
  }
  parts_.connection->Flush();
  Wake();
}

}  // namespace sluice::ingest
