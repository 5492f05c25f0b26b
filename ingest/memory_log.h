#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "core/clock.h"
#include "core/mutex.h"
#include "core/options.h"
#include "ingest/event_log.h"

namespace sluice::ingest {

// The event log in the process's own memory, for one process that is gateway and edge at once. Its
// epoch is new at each start, so browsers of an earlier run are told `gap`. Appends are answered
// within the call; RESOURCE_EXHAUSTED while a tail is more than `max_tail_lag_bytes` behind or the
// idempotency table is full. Thread: any; each tail has a thread of its own. Owner: app.
class MemoryLog final : public EventLog, public prometheus::Collectable {
 public:
  // `clock` outlives the log.
  explicit MemoryLog(const LogOptions& options, const Clock& clock = Clock::System());
  MemoryLog(const LogOptions& options, const Clock& clock, Epoch epoch);
  ~MemoryLog() override;

  void Append(const AppendRequest& request, AppendDone done) override;
  void Announce() override;
  std::unique_ptr<Tail> OpenTail(TailSink* sink) override;

  struct Stats {
    uint64_t last_sequence = 0;
    uint64_t retained_events = 0;
    uint64_t retained_bytes = 0;
    uint64_t idempotency_keys = 0;
    uint64_t tail_lag_bytes = 0;  // of the tail that is furthest behind
  };
  Stats GetStats() const ABSL_LOCKS_EXCLUDED(mutex_);
  // The stats as metrics sluice_ingest_*.
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  class MemoryTail;

  // A run of events. Sealed (immutable, shared with tails) once a tail took it or it is full.
  struct Segment {
    std::shared_ptr<EventBatch> batch;
    uint64_t bytes = 0;
  };
  struct UsedKey {
    SteadyTime expires;
    std::string key;
  };

  absl::StatusOr<Appended> AppendLocked(const AppendRequest& request)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The sequence of the event that used `key` within the window, which is the next one's if it is
  // new. RESOURCE_EXHAUSTED if the table is full.
  absl::StatusOr<uint64_t> UseKeyLocked(std::string key, SteadyTime now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void StoreLocked(const AppendRequest& request, SteadyTime now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TrimLocked(SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DropOldestSegmentLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  uint64_t FirstSequenceLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Constant after construction.
  const LogOptions options_;
  const Clock& clock_;
  const Epoch epoch_;

  mutable Mutex mutex_;
  Condition work_;  // a tail has something to do
  std::deque<Segment> segments_ ABSL_GUARDED_BY(mutex_);
  uint64_t first_segment_ ABSL_GUARDED_BY(mutex_) = 0;  // number of segments_.front()
  bool open_ ABSL_GUARDED_BY(mutex_) = false;           // segments_.back() still takes events
  uint64_t last_sequence_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t retained_events_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t retained_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t appended_bytes_ ABSL_GUARDED_BY(mutex_) = 0;                      // since the start
  absl::flat_hash_map<std::string, uint64_t> keys_ ABSL_GUARDED_BY(mutex_);  // key to sequence
  std::deque<UsedKey> key_expiry_ ABSL_GUARDED_BY(mutex_);
  uint64_t key_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<MemoryTail*> tails_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sluice::ingest
