#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "core/logging.h"
#include "core/mutex.h"
#include "ingest/jetstream_stream.h"
#include "ingest/stream_state.h"

namespace sluice::ingest {

// Whether the stream that NATS has is the one that this process wants. Thread: any.
class StreamStatus {
 public:
  StreamStatus(const JetstreamStream& stream, Logger* logger) : stream_(stream), logger_(logger) {}

  // Takes what is known of the stream. OK: it may be used. FAILED_PRECONDITION: its settings
  // contradict ours, and it was never used, so there is nothing to lose by refusing; a stream that
  // is changed while it is in use is used on, with a warning.
  absl::Status Judge(const StreamState& state) ABSL_LOCKS_EXCLUDED(mutex_);
  // Says in the log why the stream cannot be used now; once for each reason.
  void Report(const absl::Status& failure) ABSL_LOCKS_EXCLUDED(mutex_);
  // Not OK if this process must not run on that stream.
  absl::Status refusal() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  const JetstreamStream& stream_;
  Logger* const logger_;
  mutable Mutex mutex_;
  bool was_used_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status refusal_ ABSL_GUARDED_BY(mutex_);
  std::string said_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sluice::ingest
