#include "ingest/memory_log.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "core/check.h"

namespace sluice::ingest {
namespace {

// A segment closes at these sizes, so that trimming and taking stay fine-grained.
constexpr size_t kSegmentEvents = 512;
constexpr uint64_t kSegmentBytes = 256u << 10;

// Scopes the caller's key to the channel; the length keeps name and key apart.
std::string ScopedKey(const AppendRequest& request) {
  std::string scoped;
  scoped.reserve(request.channel.name.size() + request.idempotency_key.size() + 8);
  scoped += request.channel.kind == ChannelKind::kUser ? 'u' : 't';
  scoped += std::to_string(request.channel.name.size());
  scoped += ':';
  scoped += request.channel.name;
  scoped += request.idempotency_key;
  return scoped;
}

Epoch EpochOf(WallTime start) {
  return Epoch::FromNumber(static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(start.time_since_epoch()).count()));
}

}  // namespace

// Reads the log on a thread of its own: a segment at a time, in order.
class MemoryLog::MemoryTail final : public Tail {
 public:
  MemoryTail(MemoryLog* log, TailSink* sink) : log_(log), sink_(sink) {
    MutexLock lock(&log_->mutex_);
    log_->TrimLocked(log_->clock_.Steady());
    initial_ = log_->SnapshotLocked();
    first_sequence_ = log_->FirstSequenceLocked();
    log_->open_ = false;
    next_segment_ = log_->first_segment_ + log_->segments_.size();
    taken_bytes_ = log_->appended_bytes_;
    log_->tails_.push_back(this);
    thread_ = std::thread([this] { Run(); });
  }

  ~MemoryTail() override {
    {
      MutexLock lock(&log_->mutex_);
      stopping_ = true;
    }
    log_->work_.NotifyAll();
    thread_.join();
    MutexLock lock(&log_->mutex_);
    std::erase(log_->tails_, this);
  }

  void RequestHead() override {
    {
      MutexLock lock(&log_->mutex_);
      head_requested_ = true;
    }
    log_->work_.NotifyAll();
  }

  // Bytes appended but not yet handed to the sink.
  uint64_t LagBytesLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(log_->mutex_) {
    return log_->appended_bytes_ - taken_bytes_;
  }

 private:
  void Run() {
    sink_->OnEpoch(log_->epoch_, first_sequence_);
    if (initial_) sink_->OnEvents(std::exchange(initial_, nullptr));
    while (Step()) {
    }
  }

  // Waits for the next segment or request and hands it on; false once the tail is to stop.
  bool Step() {
    std::shared_ptr<const EventBatch> batch;
    uint64_t head = 0;
    {
      MutexLock lock(&log_->mutex_);
      // Wakes once a second so that events also expire while nobody publishes.
      if (!HasWorkLocked()) log_->work_.WaitFor(&log_->mutex_, std::chrono::seconds(1));
      if (stopping_) return false;
      log_->TrimLocked(log_->clock_.Steady());
      if (HasSegmentLocked()) {
        batch = TakeSegmentLocked();
      } else if (head_requested_) {
        head_requested_ = false;
        head = log_->last_sequence_;
      } else {
        return true;
      }
    }
    if (batch) {
      sink_->OnEvents(std::move(batch));
    } else {
      sink_->OnHead(head);
    }
    return true;
  }

  bool HasWorkLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(log_->mutex_) {
    return stopping_ || head_requested_ || HasSegmentLocked();
  }
  bool HasSegmentLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(log_->mutex_) {
    return next_segment_ < log_->first_segment_ + log_->segments_.size();
  }

  std::shared_ptr<const EventBatch> TakeSegmentLocked()
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(log_->mutex_) {
    // A tail never lags beyond retention: DropOldestSegmentLocked keeps what a tail has not taken.
    SLUICE_CHECK(next_segment_ >= log_->first_segment_);
    const Segment& segment = log_->segments_[next_segment_ - log_->first_segment_];
    if (&segment == &log_->segments_.back()) log_->open_ = false;
    ++next_segment_;
    taken_bytes_ += segment.bytes;
    return segment.batch;
  }

  friend class MemoryLog;

  MemoryLog* const log_;
  TailSink* const sink_;
  uint64_t first_sequence_ = 0;                // constant once the thread runs
  std::shared_ptr<const EventBatch> initial_;  // tail thread only
  uint64_t next_segment_ ABSL_GUARDED_BY(log_->mutex_) = 0;
  uint64_t taken_bytes_ ABSL_GUARDED_BY(log_->mutex_) = 0;
  bool head_requested_ ABSL_GUARDED_BY(log_->mutex_) = true;  // the first OnHead is owed
  bool stopping_ ABSL_GUARDED_BY(log_->mutex_) = false;
  std::thread thread_;
};

MemoryLog::MemoryLog(const LogOptions& options, const Clock& clock)
    : MemoryLog(options, clock, EpochOf(clock.Wall())) {}

MemoryLog::MemoryLog(const LogOptions& options, const Clock& clock, Epoch epoch)
    : options_(options), clock_(clock), epoch_(std::move(epoch)) {}

MemoryLog::~MemoryLog() {
  MutexLock lock(&mutex_);
  SLUICE_CHECK(tails_.empty());
}

void MemoryLog::Append(const AppendRequest& request, AppendDone done) {
  absl::StatusOr<Appended> result;
  {
    MutexLock lock(&mutex_);
    result = AppendLocked(request);
  }
  if (result.ok()) work_.NotifyAll();
  done(std::move(result));
}

absl::StatusOr<Appended> MemoryLog::AppendLocked(const AppendRequest& request) {
  const SteadyTime now = clock_.Steady();
  if (now >= request.deadline) {
    return absl::DeadlineExceededError("the deadline passed before the append");
  }
  for (const MemoryTail* tail : tails_) {
    tail->log_->mutex_.AssertHeld();
    if (tail->LagBytesLocked() > options_.max_tail_lag_bytes) {
      return absl::ResourceExhaustedError("the edge is too far behind the log");
    }
  }
  TrimLocked(now);

  if (!request.idempotency_key.empty()) {
    std::string key = ScopedKey(request);
    const uint64_t key_bytes = 2 * key.size() + sizeof(UsedKey) + sizeof(std::string);
    const auto found = keys_.find(key);
    if (found != keys_.end()) return Appended{{epoch_, found->second}, true};
    if (key_bytes_ + key_bytes > options_.idempotency_max_bytes) {
      return absl::ResourceExhaustedError("too many idempotency keys within the window");
    }
    key_bytes_ += key_bytes;
    keys_.emplace(key, last_sequence_ + 1);
    key_expiry_.push_back({now + options_.idempotency_window, std::move(key)});
  }

  if (!open_) {
    segments_.push_back({std::make_shared<EventBatch>(), 0});
    open_ = true;
  }
  Segment& segment = segments_.back();
  const Event& event = segment.batch->events.emplace_back(
      ++last_sequence_, request.channel, request.type, request.data,
      Event::Times{.published = clock_.Wall(), .stored = now});
  segment.bytes += event.size_bytes();
  retained_bytes_ += event.size_bytes();
  appended_bytes_ += event.size_bytes();
  if (segment.batch->events.size() >= kSegmentEvents || segment.bytes >= kSegmentBytes) {
    open_ = false;
  }
  return Appended{{epoch_, last_sequence_}, false};
}

void MemoryLog::TrimLocked(SteadyTime now) {
  while (!key_expiry_.empty() && key_expiry_.front().expires <= now) {
    const std::string& key = key_expiry_.front().key;
    key_bytes_ -= 2 * key.size() + sizeof(UsedKey) + sizeof(std::string);
    keys_.erase(key);
    key_expiry_.pop_front();
  }
  const RetentionOptions& retention = options_.retention;
  while (!segments_.empty()) {
    const bool expired = segments_.front().batch->events.back().stored() + retention.max_age <= now;
    if (!expired && retained_bytes_ <= retention.max_bytes) break;
    for (const MemoryTail* tail : tails_) {
      tail->log_->mutex_.AssertHeld();
      if (tail->next_segment_ <= first_segment_) return;  // not taken yet
    }
    DropOldestSegmentLocked();
  }
}

void MemoryLog::DropOldestSegmentLocked() {
  if (segments_.size() == 1) open_ = false;
  retained_bytes_ -= segments_.front().bytes;
  segments_.pop_front();
  ++first_segment_;
}

uint64_t MemoryLog::FirstSequenceLocked() const {
  return segments_.empty() ? last_sequence_ + 1 : segments_.front().batch->events[0].sequence();
}

std::shared_ptr<const EventBatch> MemoryLog::SnapshotLocked() const {
  if (segments_.empty()) return nullptr;
  absl::flat_hash_map<ChannelView, uint64_t, ChannelHash> newer;  // events already taken
  auto snapshot = std::make_shared<EventBatch>();
  for (auto segment = segments_.rbegin(); segment != segments_.rend(); ++segment) {
    const std::vector<Event>& events = segment->batch->events;
    for (auto event = events.rbegin(); event != events.rend(); ++event) {
      if (newer[event->channel()]++ >= options_.retention.max_events_per_channel) continue;
      snapshot->events.emplace_back(event->sequence(), event->channel(), event->type(),
                                    event->data(),
                                    Event::Times{event->published(), event->stored()});
    }
  }
  std::reverse(snapshot->events.begin(), snapshot->events.end());
  return snapshot;
}

std::unique_ptr<Tail> MemoryLog::OpenTail(TailSink* sink) {
  return std::make_unique<MemoryTail>(this, sink);
}

MemoryLog::Stats MemoryLog::GetStats() const {
  MutexLock lock(&mutex_);
  Stats stats{.last_sequence = last_sequence_,
              .retained_bytes = retained_bytes_,
              .idempotency_keys = keys_.size()};
  for (const Segment& segment : segments_) stats.retained_events += segment.batch->events.size();
  return stats;
}

}  // namespace sluice::ingest
