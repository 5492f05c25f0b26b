#include "ingest/memory_log.h"

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "core/check.h"
#include "core/status.h"

namespace sluice::ingest {
namespace {

// A segment closes at these sizes, or at a sixteenth of what is retained, whichever comes first, so
// that trimming and taking stay fine-grained.
constexpr size_t kMaxSegmentEvents = 512;
constexpr uint64_t kMaxSegmentBytes = 256u << 10;
constexpr int kMinSegments = 16;

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

// What a key costs: it is in the table and in the queue of expiries, beside a sequence and a time.
uint64_t KeyBytes(const std::string& key) { return 2 * (key.size() + sizeof(std::string) + 8); }

using Batches = std::vector<std::shared_ptr<const EventBatch>>;

// `batches` without the events that have `limit` or more newer ones of their channel; batches that
// lose nothing are shared, not copied.
Batches NewestPerChannel(Batches batches, uint64_t limit) {
  absl::flat_hash_map<ChannelView, uint64_t, ChannelHash> newer;
  const auto is_kept = [&](const Event& event) { return newer[event.channel()]++ < limit; };
  Batches kept;  // newest first
  for (auto batch = batches.rbegin(); batch != batches.rend(); ++batch) {
    const std::vector<Event>& events = (*batch)->events;
    std::vector<const Event*> left;  // newest first
    for (auto event = events.rbegin(); event != events.rend(); ++event) {
      if (is_kept(*event)) left.push_back(&*event);
    }
    if (left.size() == events.size()) {
      kept.push_back(*batch);
    } else if (!left.empty()) {
      auto copy = std::make_shared<EventBatch>();
      for (auto event = left.rbegin(); event != left.rend(); ++event) {
        copy->events.emplace_back((*event)->sequence(), (*event)->channel(), (*event)->type(),
                                  (*event)->data(),
                                  Event::Times{(*event)->published(), (*event)->stored()});
      }
      kept.push_back(std::move(copy));
    }
  }
  std::reverse(kept.begin(), kept.end());
  return kept;
}

Epoch EpochOf(WallTime start) {
  return Epoch::FromNumber(static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(start.time_since_epoch()).count()));
}

}  // namespace

// Reads the log on a thread of its own: first what was retained when it was opened, then a segment
// at a time, in order.
class MemoryLog::MemoryTail final : public Tail {
 public:
  MemoryTail(MemoryLog* log, TailSink* sink) : log_(log), sink_(sink) {
    MutexLock lock(&log_->mutex_);
    log_->TrimLocked(log_->clock_.Steady());
    log_->open_ = false;  // what is handed on no longer changes
    for (const Segment& segment : log_->segments_) retained_.push_back(segment.batch);
    first_sequence_ = log_->FirstSequenceLocked();
    next_segment_ = log_->first_segment_ + log_->segments_.size();
    taken_bytes_ = log_->appended_bytes_;
    taken_sequence_ = log_->last_sequence_;
    head_target_ = taken_sequence_;  // the first OnHead is owed
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
      (head_target_ ? next_head_target_ : head_target_) = log_->last_sequence_;
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
    for (std::shared_ptr<const EventBatch>& batch :
         NewestPerChannel(std::move(retained_), log_->options_.retention.max_events_per_channel)) {
      sink_->OnEvents(std::move(batch));
    }
    while (Step()) {
    }
  }

  // Waits for the next segment or request and hands it on; false once the tail is to stop.
  bool Step() {
    std::shared_ptr<const EventBatch> batch;
    std::optional<uint64_t> head;
    {
      MutexLock lock(&log_->mutex_);
      // Wakes once a second so that events also expire while nobody publishes.
      if (!HasWorkLocked()) log_->work_.WaitFor(&log_->mutex_, std::chrono::seconds(1));
      if (stopping_) return false;
      log_->TrimLocked(log_->clock_.Steady());
      if (HasSegmentLocked()) batch = TakeSegmentLocked();
      head = TakeHeadLocked();
    }
    if (batch) sink_->OnEvents(std::move(batch));
    if (head) sink_->OnHead(*head);
    return true;
  }

  bool HasWorkLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(log_->mutex_) {
    return stopping_ || head_target_ || HasSegmentLocked();
  }
  bool HasSegmentLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(log_->mutex_) {
    return next_segment_ < log_->first_segment_ + log_->segments_.size();
  }

  std::shared_ptr<const EventBatch> TakeSegmentLocked()
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(log_->mutex_) {
    // A tail never lags beyond retention: TrimLocked keeps what a tail has not taken.
    SLUICE_CHECK(next_segment_ >= log_->first_segment_);
    const Segment& segment = log_->segments_[next_segment_ - log_->first_segment_];
    if (&segment == &log_->segments_.back()) log_->open_ = false;
    ++next_segment_;
    taken_bytes_ += segment.bytes;
    taken_sequence_ = segment.batch->events.back().sequence();
    return segment.batch;
  }

  // The head to report, if one is owed and everything up to it has been taken. Not "if nothing is
  // left to take": while others publish without a pause that might never be so.
  std::optional<uint64_t> TakeHeadLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(log_->mutex_) {
    if (!head_target_) return std::nullopt;
    if (taken_sequence_ < *head_target_) return std::nullopt;
    head_target_ = std::exchange(next_head_target_, std::nullopt);
    return taken_sequence_;
  }

  friend class MemoryLog;

  MemoryLog* const log_;
  TailSink* const sink_;

  // Constant once the thread runs, then the tail's own.
  uint64_t first_sequence_ = 0;
  std::vector<std::shared_ptr<const EventBatch>> retained_;

  uint64_t next_segment_ ABSL_GUARDED_BY(log_->mutex_) = 0;
  uint64_t taken_bytes_ ABSL_GUARDED_BY(log_->mutex_) = 0;
  uint64_t taken_sequence_ ABSL_GUARDED_BY(log_->mutex_) = 0;
  // The end of the log at the oldest request that has no answer yet, and at the newest one after
  // it.
  std::optional<uint64_t> head_target_ ABSL_GUARDED_BY(log_->mutex_);
  std::optional<uint64_t> next_head_target_ ABSL_GUARDED_BY(log_->mutex_);
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
  if (result.ok() && !request.announce_later) work_.NotifyAll();
  done(std::move(result));
}

void MemoryLog::Announce() { work_.NotifyAll(); }

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
    SLUICE_ASSIGN_OR_RETURN(const uint64_t sequence, UseKeyLocked(ScopedKey(request), now));
    if (sequence <= last_sequence_) return Appended{{epoch_, sequence}, true};
  }
  StoreLocked(request, now);
  return Appended{{epoch_, last_sequence_}, false};
}

absl::StatusOr<uint64_t> MemoryLog::UseKeyLocked(std::string key, SteadyTime now) {
  const auto found = keys_.find(key);
  if (found != keys_.end()) return found->second;
  const uint64_t bytes = KeyBytes(key);
  if (key_bytes_ + bytes > options_.idempotency_max_bytes) {
    return absl::ResourceExhaustedError("too many idempotency keys within the window");
  }
  key_bytes_ += bytes;
  keys_.emplace(key, last_sequence_ + 1);
  key_expiry_.push_back({now + options_.idempotency_window, std::move(key)});
  return last_sequence_ + 1;
}

void MemoryLog::StoreLocked(const AppendRequest& request, SteadyTime now) {
  const RetentionOptions& retention = options_.retention;
  if (open_ &&
      segments_.back().batch->events.front().stored() + retention.max_age / kMinSegments <= now) {
    open_ = false;
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
  ++retained_events_;
  if (segment.batch->events.size() >= kMaxSegmentEvents ||
      segment.bytes >= std::min(kMaxSegmentBytes, retention.max_bytes / kMinSegments)) {
    open_ = false;
  }
}

void MemoryLog::TrimLocked(SteadyTime now) {
  while (!key_expiry_.empty() && key_expiry_.front().expires <= now) {
    const std::string& key = key_expiry_.front().key;
    key_bytes_ -= KeyBytes(key);
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
  retained_events_ -= segments_.front().batch->events.size();
  segments_.pop_front();
  ++first_segment_;
}

uint64_t MemoryLog::FirstSequenceLocked() const {
  return segments_.empty() ? last_sequence_ + 1 : segments_.front().batch->events[0].sequence();
}

std::unique_ptr<Tail> MemoryLog::OpenTail(TailSink* sink) {
  return std::make_unique<MemoryTail>(this, sink);
}

MemoryLog::Stats MemoryLog::GetStats() const {
  MutexLock lock(&mutex_);
  Stats stats{.last_sequence = last_sequence_,
              .retained_events = retained_events_,
              .retained_bytes = retained_bytes_,
              .idempotency_keys = keys_.size()};
  for (const MemoryTail* tail : tails_) {
    tail->log_->mutex_.AssertHeld();
    stats.tail_lag_bytes = std::max(stats.tail_lag_bytes, tail->LagBytesLocked());
  }
  return stats;
}

}  // namespace sluice::ingest
