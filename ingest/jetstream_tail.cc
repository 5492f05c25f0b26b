#include "ingest/jetstream_tail.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/check.h"
#include "core/status.h"

namespace sluice::ingest {
namespace {

constexpr size_t kMaxBatchEvents = 512;
constexpr size_t kMaxBatchBytes = 256u << 10;
constexpr std::chrono::milliseconds kRetry{250};
constexpr int kHeartbeatsUntilShort = 3;
// How often the stream is looked at, whether it is still the same and NATS can say so.
constexpr std::chrono::seconds kLookInterval{5};

WallTime FromUnixNanoseconds(int64_t ns) {
  return WallTime(std::chrono::duration_cast<WallTime::duration>(std::chrono::nanoseconds(ns)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<JetstreamTail>> JetstreamTail::Open(const Parts& parts) {
  std::unique_ptr<JetstreamTail> tail(new JetstreamTail(parts));
  const NatsOptions& options = parts.stream.nats_options();
  SLUICE_ASSIGN_OR_RETURN(
      tail->connection_,
      NatsConnection::Create({.options = options,
                              .name = "sluice edge",
                              .inbox = absl::StrCat("sluice.", options.name_space, ".inbox.edge"),
                              .handler = tail.get(),
                              .logger = parts.logger}));
  tail->client_.set_connection(tail->connection_.get());
  tail->connection_->Start();
  return tail;
}

JetstreamTail::JetstreamTail(const Parts& parts)
    : stream_(parts.stream),
      subject_(parts.stream.subject()),
      clock_(parts.clock),
      logger_(parts.logger),
      status_(parts.status),
      counters_(parts.counters),
      sink_(parts.sink),
      client_(parts.stream, parts.clock) {}

JetstreamTail::~JetstreamTail() {
  if (connection_) connection_->Stop();  // its thread uses all of this
}

void JetstreamTail::RequestHead() {
  if (head_requested_.exchange(true)) return;  // the one under way will be asked after this
  connection_->Post([this] { LookAtStream(); });
}

// Preparing: from a link to a consumer

void JetstreamTail::OnConnected() { Prepare(); }

void JetstreamTail::OnDisconnected() {
  HandOn();
  state_ = State::kAway;
  is_ready_.store(false, std::memory_order_release);
  next_attempt_ = SteadyTime::max();
  consumer_.clear();
  client_.FailAll();
}

void JetstreamTail::Prepare() {
  HandOn();
  state_ = State::kPreparing;
  ++generation_;
  client_.EnsureStream(epoch_, last_,
                       [this, generation = generation_](absl::StatusOr<StreamState> state) {
                         if (generation == generation_) OnStream(std::move(state));
                       });
}

void JetstreamTail::PrepareLater(const absl::Status& why) {
  status_->Report(why);
  state_ = State::kAway;
  is_ready_.store(false, std::memory_order_release);
  if (connection_->is_connected()) next_attempt_ = clock_.Steady() + kRetry;
}

void JetstreamTail::OnStream(absl::StatusOr<StreamState> state) {
  if (!state.ok()) connection_->SetServed(false);
  const absl::Status judged = state.ok() ? status_->Judge(*state) : state.status();
  if (!judged.ok()) return PrepareLater(judged);
  if (state->epoch() == epoch_) {
    Resume(*state);
  } else {
    Begin(*state);
  }
  SetHeadTarget(state->last_sequence());
  CreateConsumer();
}

void JetstreamTail::Begin(const StreamState& state) {
  epoch_ = state.epoch();
  last_ = state.first_sequence() - 1;
  last_stored_ns_ = 0;
  is_initial_ = true;
  head_target_.reset();
  sink_->OnEpoch(epoch_, state.first_sequence());
}

void JetstreamTail::Resume(const StreamState& state) {
  if (state.first_sequence() > last_ + 1) Lose(last_ + 1, state.first_sequence() - 1);
}

void JetstreamTail::CreateConsumer() {
  // The event at last_ once more, if it can still be there: a stream that lost its end and grew
  // again has another one in its place.
  must_verify_ = last_stored_ns_ != 0;
  consumer_sequence_ = 0;
  unreadable_ = 0;
  absl::StatusOr<std::string> deliver_to = connection_->Listen();
  if (!deliver_to.ok()) return PrepareLater(deliver_to.status());
  deliver_to_ = *std::move(deliver_to);
  consumer_ = absl::StrCat("edge-", connection_->token(), "-", generation_);
  client_.Request(
      stream_.ConsumerSubject("CREATE", consumer_),
      stream_.ConsumerRequest(consumer_, deliver_to_, must_verify_ ? last_ : last_ + 1, kHeartbeat),
      [this, generation = generation_](absl::StatusOr<std::string_view> answer) {
        if (generation == generation_) OnConsumer(std::move(answer));
      });
}

void JetstreamTail::OnConsumer(absl::StatusOr<std::string_view> answer) {
  const absl::Status made = answer.ok() ? ParseJetstreamAnswer(*answer).status() : answer.status();
  if (!made.ok()) {
    connection_->SetServed(false);
    return PrepareLater(made);
  }
  connection_->SetServed(true);
  state_ = State::kReading;
  last_heard_ = clock_.Steady();
  next_look_ = last_heard_ + kLookInterval;
  is_ready_.store(true, std::memory_order_release);
  TellHead();
  if (head_requested_.load()) LookAtStream();
}

void JetstreamTail::Restart(std::string_view why) {
  counters_->restarts.Add();
  if (logger_ != nullptr) {
    logger_->Log(LogLevel::kInfo, "ingest", "the tail begins again",
                 {{"why", why}, {"behind", last_}});
  }
  DeleteConsumer();
  Prepare();
}

void JetstreamTail::DeleteConsumer() {
  if (consumer_.empty()) return;
  // It would go by itself after some time; its answer does not matter.
  client_.Request(stream_.ConsumerSubject("DELETE", std::exchange(consumer_, "")), "",
                  [](const absl::StatusOr<std::string_view>&) {});
}

// Reading

void JetstreamTail::OnMessage(const NatsMessage& message) {
  if (client_.Take(message)) return;
  if (state_ == State::kAway) return;
  // A delivery has the subject of its event and tells the consumer in its reply subject; what the
  // consumer says of itself comes to the subject that it delivers to.
  const std::optional<DeliveryPosition> position = ParseDeliveryPosition(message.reply());
  const bool is_ours =
      position ? position->consumer == consumer_ : message.subject() == deliver_to_;
  if (!is_ours) return;
  last_heard_ = clock_.Steady();
  if (position) {
    OnDelivery(message, *position);
  } else {
    OnControl(message);
  }
}

void JetstreamTail::OnNoResponders(bool is_delivery) {
  // Without the subject nobody can say for which request; those end by their time.
  if (!is_delivery || state_ == State::kAway) return;
  last_heard_ = clock_.Steady();
  ++consumer_sequence_;
  ++unreadable_;
  idle_heartbeats_ = 0;
  counters_->malformed[static_cast<size_t>(MessageFault::kData)].Add();
  if (logger_ != nullptr) {
    logger_->Log(LogLevel::kWarning, "ingest", "a message of the stream is no event",
                 {{"behind", last_}});
  }
}

void JetstreamTail::OnDelivery(const NatsMessage& message, const DeliveryPosition& position) {
  if (position.consumer_sequence != consumer_sequence_ + 1) return Restart("a delivery is missing");
  consumer_sequence_ = position.consumer_sequence;
  idle_heartbeats_ = 0;
  if (!Follows(position)) return;
  // What was delivered and could not be read is not lost.
  const bool is_behind = position.sequence > last_ + 1 + std::exchange(unreadable_, 0);
  if (is_behind && !is_initial_) Lose(last_ + 1, position.sequence - 1);
  AddEvent(message, position);
  last_ = position.sequence;
  last_stored_ns_ = position.stored_ns;
  if (batch_ && (batch_->events.size() >= kMaxBatchEvents || batch_bytes_ >= kMaxBatchBytes)) {
    HandOn();
  }
}

bool JetstreamTail::Follows(const DeliveryPosition& position) {
  const bool is_first = std::exchange(must_verify_, false);
  if (position.sequence > last_) return true;
  if (is_first && position.sequence == last_) {
    // Another event in the place of one that was read: the stream lost its end and grew again.
    if (position.stored_ns != last_stored_ns_) Renew();
    return false;
  }
  // It was taken for removed because it did not come: nobody can have it in order any more.
  HandOn();
  sink_->OnHole(position.sequence, last_);
  return false;
}

void JetstreamTail::Renew() {
  if (logger_ != nullptr) {
    logger_->Log(LogLevel::kError, "ingest", "the stream has lost events that it had acknowledged",
                 {{"sequence", last_}});
  }
  DeleteConsumer();
  state_ = State::kPreparing;
  ++generation_;
  client_.RenewStream([this, generation = generation_](absl::StatusOr<StreamState> state) {
    if (generation == generation_) OnStream(std::move(state));
  });
}

void JetstreamTail::AddEvent(const NatsMessage& message, const DeliveryPosition& position) {
  const WallTime stored = FromUnixNanoseconds(position.stored_ns);
  MessageFault fault{};
  absl::StatusOr<EventParts> parts = ParseEventMessage(message, subject_, stored, &fault);
  if (!parts.ok()) {
    counters_->malformed[static_cast<size_t>(fault)].Add();
    if (logger_ != nullptr) {
      logger_->Log(LogLevel::kWarning, "ingest", "a message of the stream is no event",
                   {{"sequence", position.sequence}});
    }
    return;
  }
  // Its age by NATS's clock, from now on by ours: never below zero, and what differs between the
  // clocks only shifts when it leaves the ring.
  const auto age = std::max(WallTime::duration::zero(), clock_.Wall() - stored);
  if (!batch_) batch_ = std::make_shared<EventBatch>();
  batch_->events.emplace_back(
      position.sequence, parts->channel.view(), parts->type, message.data(),
      Event::Times{parts->published,
                   clock_.Steady() - std::chrono::duration_cast<SteadyTime::duration>(age)});
  batch_bytes_ += batch_->events.back().size_bytes();
}

void JetstreamTail::HandOn() {
  if (!batch_) return;
  batch_bytes_ = 0;
  sink_->OnEvents(std::exchange(batch_, nullptr));
}

void JetstreamTail::Lose(uint64_t first, uint64_t last) {
  HandOn();
  last_ = last;
  last_stored_ns_ = 0;
  sink_->OnHole(first, last);
}

void JetstreamTail::OnControl(const NatsMessage& message) {
  const std::string_view status = message.Header("Status").value_or("");
  if (status != "100") {
    if (!status.empty()) Restart("the consumer is gone");
    return;
  }
  // Flow control wants an answer when what came before has been dealt with; a heartbeat that says
  // "stalled" wants the one that was lost.
  if (!message.reply().empty()) {
    HandOn();
    (void)connection_->Publish(std::string(message.reply()), "", "");
    return;
  }
  const auto delivered = message.Header("Nats-Last-Consumer");
  if (delivered && *delivered != std::to_string(consumer_sequence_)) {
    return Restart("a delivery is missing");
  }
  if (const auto stalled = message.Header("Nats-Consumer-Stalled")) {
    (void)connection_->Publish(std::string(*stalled), "", "");
  } else {
    ++idle_heartbeats_;
  }
}

void JetstreamTail::OnBatchEnd() {
  HandOn();
  if (state_ == State::kReading) TellHead();
}

// The head

void JetstreamTail::SetHeadTarget(uint64_t sequence) {
  head_target_ = std::max(head_target_.value_or(0), sequence);
  idle_heartbeats_ = 0;
}

void JetstreamTail::TellHead() {
  if (!head_target_) return;
  // What was delivered and could not be read is not missing.
  if (last_ + unreadable_ < *head_target_) {
    if (idle_heartbeats_ < kHeartbeatsUntilShort) return;
    // The consumer says again and again that there is nothing more: another one is asked first,
    // since one that reads from a replica that was behind may have stopped for good.
    if (short_of_ != *head_target_) {
      short_of_ = *head_target_;
      return Restart("the consumer stops short of the end");
    }
    // It was removed, which is nobody's loss before the first head.
    if (!is_initial_) Lose(last_ + 1, *head_target_);
  }
  PassTo(*head_target_);
  head_target_.reset();
  is_initial_ = false;
  sink_->OnHead(last_);
}

void JetstreamTail::PassTo(uint64_t sequence) {
  if (sequence <= last_) return;
  last_ = sequence;
  last_stored_ns_ = 0;
  unreadable_ = 0;
}

// Watching

void JetstreamTail::OnTick(SteadyTime now) {
  client_.OnTick(now);
  if (state_ == State::kAway && now >= next_attempt_) {
    next_attempt_ = SteadyTime::max();
    Prepare();
  } else if (state_ == State::kReading && now - last_heard_ > kPatience) {
    Restart("the consumer is silent");
  } else if (state_ == State::kReading) {
    if (now >= next_look_) LookAtStream();
  }
}

void JetstreamTail::LookAtStream() {
  if (state_ != State::kReading || is_looking_) return;
  is_looking_ = true;
  const bool for_head = head_requested_.exchange(false);
  // What is delivered before the answer is here may be newer than the answer.
  client_.GetStream([this, generation = generation_, last = last_,
                     for_head](const absl::StatusOr<StreamState>& state) {
    is_looking_ = false;
    // Of another consumer: the head that follows it is as good.
    if (generation != generation_ || state_ != State::kReading) return;
    OnLook(state, last, for_head);
  });
}

void JetstreamTail::OnLook(const absl::StatusOr<StreamState>& state, uint64_t last, bool for_head) {
  const bool is_gone = absl::IsNotFound(state.status());
  // A leader may for a moment be behind what another replica has delivered: too often to look at
  // that while sessions come.
  const bool is_short = !for_head && state.ok() && state->last_sequence() < last;
  const bool is_other = is_short || (state.ok() && state->epoch() != epoch_);
  if (is_gone || is_other) return Restart("the stream is another one");
  // A consumer may be cut off from the stream together with this server, and say for ever that
  // there is nothing new.
  connection_->SetServed(state.ok());
  if (!state.ok()) {
    next_look_ = clock_.Steady() + kRetry;
    if (for_head) head_requested_.store(true);
    return;
  }
  if (!for_head) next_look_ = clock_.Steady() + kLookInterval;
  // Whether all of it arrives is seen by TellHead.
  if (for_head || state->last_sequence() > last_) SetHeadTarget(state->last_sequence());
  if (for_head) TellHead();
  if (head_requested_.load()) LookAtStream();
}

}  // namespace sluice::ingest
