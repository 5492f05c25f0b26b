#include "ingest/memory_message_queue.h"

#include <pthread.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "core/check.h"
#include "core/cursor.h"
#include "core/status.h"

namespace sluice::ingest {
namespace {

// What a message costs beside its texts: its place in the map and in a lane.
constexpr uint64_t kOverheadBytes = 256;
// How long the thread sleeps at most while something is due later by a clock that may be moved.
constexpr std::chrono::milliseconds kMaxSleep{100};

uint64_t SizeOf(const ClientMessage& message) {
  // The user's id is in the lane as well.
  return kOverheadBytes + 2 * message.user_id.size() + message.destination.size() +
         message.data.size() + message.connection.size();
}

std::string IdPrefix(WallTime start) {
  const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(start.time_since_epoch());
  return Epoch::FromNumber(static_cast<uint64_t>(ns.count())).text() + "-";
}

}  // namespace

// One backend's share. All of it is the queue's, under its mutex.
class MemoryMessageQueue::MemoryReceiver final : public ClientMessageReceiver {
 public:
  MemoryReceiver(MemoryMessageQueue* queue, uint32_t window, ClientMessageSink* sink)
      : queue_(queue), window_(window), sink_(sink) {}

  ~MemoryReceiver() override {
    if (group_ == nullptr) return;  // it never was in one
    MutexLock lock(&queue_->mutex_);
    queue_->LeaveGroupLocked(this);
    queue_->work_.NotifyAll();
    while (queue_->called_ == this) queue_->idle_.Wait(&queue_->mutex_);
  }

  void Acknowledge(const std::string& id) override { queue_->OnAcknowledged(this, id); }
  void Reject(const std::string& id, bool discard) override {
    queue_->OnRejected(this, id, discard);
  }

 private:
  friend class MemoryMessageQueue;

  MemoryMessageQueue* const queue_;
  const uint32_t window_;
  ClientMessageSink* const sink_;
  // Constant once it is in a group.
  uint64_t number_ = 0;
  Group* group_ = nullptr;
  // Of the messages in flight to it.
  std::set<uint64_t> held_ ABSL_GUARDED_BY(queue_->mutex_);
};

MemoryMessageQueue::MemoryMessageQueue(const ClientMessageOptions& options, const Clock& clock)
    : options_(options), clock_(clock), id_prefix_(IdPrefix(clock.Wall())) {
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "inbox");
}

MemoryMessageQueue::~MemoryMessageQueue() {
  {
    MutexLock lock(&mutex_);
    SLUICE_CHECK(groups_.empty());  // no receivers
    stopping_ = true;
  }
  work_.NotifyAll();
  thread_.join();
}

void MemoryMessageQueue::Append(ClientMessage message, ClientMessageDone done) {
  absl::Status valid = ValidateClientMessage(message);
  if (!valid.ok()) return done(std::move(valid));
  const uint64_t bytes = SizeOf(message);
  bool is_full = false;
  {
    MutexLock lock(&mutex_);
    const SteadyTime now = clock_.Steady();
    ExpireLocked(now);
    is_full = messages_.size() >= options_.max_messages || bytes > options_.max_bytes - bytes_;
    if (is_full) {
      ++stats_.refused;
    } else {
      ++stats_.stored;
      bytes_ += bytes;
      Group* const group = FindGroupLocked(message.destination);
      const auto added = messages_.try_emplace(
          messages_.end(), ++last_sequence_,
          Stored{.message = std::move(message), .bytes = bytes, .expires = now + options_.max_age});
      if (group != nullptr) EnterLaneLocked(group, added->first, &added->second);
    }
  }
  if (is_full) return done(absl::ResourceExhaustedError("too many messages wait for backends"));
  work_.NotifyAll();
  done(absl::OkStatus());
}

absl::StatusOr<std::unique_ptr<ClientMessageReceiver>> MemoryMessageQueue::OpenReceiver(
    const ReceiverOptions& options, ClientMessageSink* sink) {
  SLUICE_RETURN_IF_ERROR(ValidateReceiver(options));
  auto receiver = std::make_unique<MemoryReceiver>(this, options.window, sink);
  {
    MutexLock lock(&mutex_);
    SLUICE_ASSIGN_OR_RETURN(Group* const group, JoinGroupLocked(options));
    receiver->group_ = group;
    receiver->number_ = ++last_receiver_;
    group->receivers.push_back(receiver.get());
  }
  work_.NotifyAll();
  return receiver;
}

// Groups

absl::StatusOr<MemoryMessageQueue::Group*> MemoryMessageQueue::JoinGroupLocked(
    const ReceiverOptions& options) {
  for (const std::unique_ptr<Group>& group : groups_) {
    const bool is_same = group->name == options.group &&
                         group->destinations.ToString() == options.destinations.ToString();
    if (is_same) return group.get();
    if (Overlap(group->destinations, options.destinations)) {
      return absl::FailedPreconditionError(kDestinationsTaken);
    }
  }
  if (groups_.size() >= kMaxGroups) return absl::ResourceExhaustedError("too many groups");
  groups_.push_back(
      std::make_unique<Group>(Group{.name = options.group, .destinations = options.destinations}));
  Group* const group = groups_.back().get();
  for (auto& [sequence, stored] : messages_) {
    if (stored.lane == nullptr && group->destinations.Matches(stored.message.destination)) {
      EnterLaneLocked(group, sequence, &stored);
    }
  }
  return group;
}

void MemoryMessageQueue::LeaveGroupLocked(MemoryReceiver* receiver) {
  receiver->queue_->mutex_.AssertHeld();
  const SteadyTime now = clock_.Steady();
  // The last first, so that the first is the first of all that wait.
  while (!receiver->held_.empty()) {
    const auto message = messages_.find(*receiver->held_.rbegin());
    ReleaseLocked(message);
    ReturnLocked(message, now);
  }
  Group* const group = receiver->group_;
  std::erase(group->receivers, receiver);
  if (group->receivers.empty()) DissolveLocked(group);
}

void MemoryMessageQueue::DissolveLocked(Group* group) {
  for (auto& [user_id, lane] : group->lanes) {
    for (const uint64_t sequence : lane.messages) {
      const auto message = messages_.find(sequence);
      ReleaseLocked(message);
      message->second.lane = nullptr;
    }
  }
  std::erase_if(groups_, [group](const auto& other) { return other.get() == group; });
}

MemoryMessageQueue::Group* MemoryMessageQueue::FindGroupLocked(std::string_view destination) {
  for (const std::unique_ptr<Group>& group : groups_) {
    if (group->destinations.Matches(destination)) return group.get();
  }
  return nullptr;
}

void MemoryMessageQueue::EnterLaneLocked(Group* group, uint64_t sequence, Stored* stored) {
  const std::string& user_id = stored->message.user_id;
  Lane& lane =
      group->lanes.try_emplace(user_id, Lane{.group = group, .user_id = user_id}).first->second;
  stored->lane = &lane;
  lane.messages.push_back(sequence);
  if (lane.messages.size() == 1) SetReadyLocked(&lane, /*is_first=*/false);
}

// Delivering

void MemoryMessageQueue::Run() {
  while (Step()) {
  }
}

bool MemoryMessageQueue::Step() {
  std::optional<Call> call;
  {
    MutexLock lock(&mutex_);
    if (stopping_) return false;
    const SteadyTime now = clock_.Steady();
    RunTimersLocked(now);
    call = TakeLocked(now);
    if (!call) {
      WaitLocked(now);
      return true;
    }
    called_ = call->receiver;
  }
  call->receiver->sink_->OnMessage(std::move(call->delivery));
  {
    MutexLock lock(&mutex_);
    called_ = nullptr;
  }
  idle_.NotifyAll();
  return true;
}

void MemoryMessageQueue::WaitLocked(SteadyTime now) {
  if (messages_.empty()) return work_.Wait(&mutex_);
  SteadyTime due = messages_.begin()->second.expires;
  if (!ack_timers_.empty()) due = std::min(due, ack_timers_.front().due);
  if (!retry_timers_.empty()) due = std::min(due, retry_timers_.front().due);
  // Not at once again if the oldest is too old but in flight.
  const std::chrono::nanoseconds left =
      std::max<std::chrono::nanoseconds>(due - now, kMaxSleep / 10);
  work_.WaitFor(&mutex_, std::min<std::chrono::nanoseconds>(left, kMaxSleep));
}

void MemoryMessageQueue::RunTimersLocked(SteadyTime now) {
  for (Timers* const timers : {&ack_timers_, &retry_timers_}) {
    while (!timers->empty() && timers->front().due <= now) {
      const auto message = messages_.find(timers->front().sequence);
      ReleaseLocked(message);
      ReturnLocked(message, now);
    }
  }
  ExpireLocked(now);
}

void MemoryMessageQueue::ExpireLocked(SteadyTime now) {
  for (auto next = messages_.begin(); next != messages_.end() && next->second.expires <= now;) {
    const auto message = next++;
    // The next of the user would come while this one is being handled.
    if (message->second.state == State::kInFlight) continue;
    ReleaseLocked(message);
    RemoveLocked(message);
    ++stats_.expired;
  }
}

std::optional<MemoryMessageQueue::Call> MemoryMessageQueue::TakeLocked(SteadyTime now) {
  for (size_t i = 0; i < groups_.size(); ++i) {
    Group* const group = groups_[next_group_++ % groups_.size()].get();
    if (group->ready.empty()) continue;
    Lane* const lane = group->ready.front();
    const uint64_t sequence = lane->messages.front();
    Stored& stored = messages_.find(sequence)->second;
    MemoryReceiver* const receiver = ChooseLocked(group, stored.last_receiver);
    if (receiver == nullptr) continue;
    receiver->queue_->mutex_.AssertHeld();
    group->ready.pop_front();
    lane->is_ready = false;
    receiver->held_.insert(sequence);
    stored.state = State::kInFlight;
    stored.holder = receiver;
    stored.last_receiver = receiver->number_;
    stored.timer = ack_timers_.insert(ack_timers_.end(), {now + options_.ack_wait, sequence});
    ++stats_.delivered;
    if (++stored.attempts > 1) ++stats_.redelivered;
    return Call{receiver, ClientDelivery{.id = id_prefix_ + std::to_string(sequence),
                                         .attempt = stored.attempts,
                                         .message = stored.message}};
  }
  return std::nullopt;
}

MemoryMessageQueue::MemoryReceiver* MemoryMessageQueue::ChooseLocked(Group* group,
                                                                     uint64_t last_receiver) {
  MemoryReceiver* same = nullptr;
  const size_t count = group->receivers.size();
  for (size_t i = 0; i < count; ++i) {
    const size_t index = (group->next_receiver + i) % count;
    MemoryReceiver* const receiver = group->receivers[index];
    receiver->queue_->mutex_.AssertHeld();
    if (receiver->held_.size() >= receiver->window_) continue;
    if (receiver->number_ == last_receiver) {
      same = receiver;
      continue;
    }
    group->next_receiver = index + 1;
    return receiver;
  }
  return same;
}

void MemoryMessageQueue::SetReadyLocked(Lane* lane, bool is_first) {
  std::list<Lane*>& ready = lane->group->ready;
  lane->place = ready.insert(is_first ? ready.begin() : ready.end(), lane);
  lane->is_ready = true;
}

void MemoryMessageQueue::ReleaseLocked(Messages::iterator message) {
  Stored& stored = message->second;
  if (stored.state == State::kInFlight) {
    MemoryReceiver* const holder = std::exchange(stored.holder, nullptr);
    holder->queue_->mutex_.AssertHeld();
    holder->held_.erase(message->first);
    ack_timers_.erase(stored.timer);
  } else if (stored.state == State::kPaused) {
    retry_timers_.erase(stored.timer);
  }
  stored.state = State::kWaiting;
}

void MemoryMessageQueue::ReturnLocked(Messages::iterator message, SteadyTime now) {
  if (message->second.expires > now) return SetReadyLocked(message->second.lane, true);
  RemoveLocked(message);
  ++stats_.expired;
}

void MemoryMessageQueue::RemoveLocked(Messages::iterator message) {
  Lane* const lane = message->second.lane;
  const uint64_t sequence = message->first;
  bytes_ -= message->second.bytes;
  messages_.erase(message);
  if (lane == nullptr) return;
  const bool was_first = lane->messages.front() == sequence;
  if (was_first) {
    lane->messages.pop_front();
  } else {
    std::erase(lane->messages, sequence);
  }
  if (!lane->messages.empty()) {
    if (was_first && !lane->is_ready) SetReadyLocked(lane, /*is_first=*/false);
    return;
  }
  Group* const group = lane->group;
  if (lane->is_ready) group->ready.erase(lane->place);
  group->lanes.erase(group->lanes.find(lane->user_id));
}

// What receivers answer

std::optional<MemoryMessageQueue::Messages::iterator> MemoryMessageQueue::FindHeldLocked(
    MemoryReceiver* receiver, std::string_view id) {
  receiver->queue_->mutex_.AssertHeld();
  if (!id.starts_with(id_prefix_)) return std::nullopt;
  id.remove_prefix(id_prefix_.size());
  uint64_t sequence = 0;
  const char* const end = id.data() + id.size();
  const auto result = std::from_chars(id.data(), end, sequence);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  if (!receiver->held_.contains(sequence)) return std::nullopt;
  return messages_.find(sequence);
}

void MemoryMessageQueue::OnAcknowledged(MemoryReceiver* receiver, const std::string& id) {
  {
    MutexLock lock(&mutex_);
    const auto message = FindHeldLocked(receiver, id);
    if (!message) return;
    ReleaseLocked(*message);
    RemoveLocked(*message);
    ++stats_.acknowledged;
  }
  work_.NotifyAll();
}

void MemoryMessageQueue::OnRejected(MemoryReceiver* receiver, const std::string& id, bool discard) {
  {
    MutexLock lock(&mutex_);
    const auto message = FindHeldLocked(receiver, id);
    if (!message) return;
    ReleaseLocked(*message);
    if (discard) {
      RemoveLocked(*message);
      ++stats_.discarded;
    } else {
      Stored& stored = (*message)->second;
      stored.state = State::kPaused;
      stored.timer = retry_timers_.insert(
          retry_timers_.end(), {clock_.Steady() + options_.retry_delay, (*message)->first});
    }
  }
  work_.NotifyAll();
}

MemoryMessageQueue::Stats MemoryMessageQueue::GetStats() const {
  MutexLock lock(&mutex_);
  Stats stats = stats_;
  stats.messages = messages_.size();
  stats.bytes = bytes_;
  return stats;
}

}  // namespace sluice::ingest
