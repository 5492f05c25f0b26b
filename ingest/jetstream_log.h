#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "core/clock.h"
#include "core/logging.h"
#include "core/mutex.h"
#include "core/options.h"
#include "ingest/event_log.h"
#include "ingest/event_stream.h"
#include "ingest/jetstream_appender.h"
#include "ingest/jetstream_tail.h"
#include "ingest/stream_status.h"

namespace sluice::ingest {

// The event log in a NATS JetStream stream (docs/architecture.md, "The log on NATS"). One
// connection for all appends and one for each tail, so that neither waits for the other. NATS may
// be away when it starts and at any time later. Owner: app. Thread: any.
class JetstreamLog final : public EventLog, public prometheus::Collectable {
 public:
  enum class Use : uint8_t { kAppend, kTail, kBoth };

  struct Parts {
    LogOptions log;
    NatsOptions nats;
    Use use = Use::kBoth;
    LogContent content = LogContent::kEvents;
    Logger* logger = nullptr;               // null: silent
    const Clock* clock = &Clock::System();  // outlives the log
  };
  // INVALID_ARGUMENT if the options cannot be used. NATS need not be there.
  static absl::StatusOr<std::unique_ptr<JetstreamLog>> Open(const Parts& parts);
  // All tails have been destroyed. Appends under way are answered with UNAVAILABLE.
  ~JetstreamLog() override;

  void Append(const AppendRequest& request, AppendDone done) override;
  void Announce() override;
  std::unique_ptr<Tail> OpenTail(TailSink* sink) override ABSL_LOCKS_EXCLUDED(mutex_);

  // Whether every part has a link to NATS, and whether it could use the stream over it.
  bool is_connected() const ABSL_LOCKS_EXCLUDED(mutex_);
  bool is_ready() const ABSL_LOCKS_EXCLUDED(mutex_);
  // FAILED_PRECONDITION once the stream was found to contradict the configuration before it was
  // ever used: this process must not run on it. The message names the settings.
  absl::Status refusal() const { return status_.refusal(); }

  // Metrics sluice_ingest_*.
  std::vector<prometheus::MetricFamily> Collect() const override ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  class OpenedTail;

  explicit JetstreamLog(const Parts& parts);
  bool AllOf(bool (*holds)(const NatsConnection&)) const ABSL_LOCKS_EXCLUDED(mutex_);
  uint64_t SumOf(uint64_t (*count)(const NatsConnection&)) const ABSL_LOCKS_EXCLUDED(mutex_);

  // Constant after Open.
  const EventStream stream_;
  const Clock& clock_;
  Logger* const logger_;
  StreamStatus status_;
  std::unique_ptr<JetstreamAppender> appender_;  // null: for tails only

  mutable Mutex mutex_;
  // Of the tail; there is one in practice, and with more the figures are of the last one.
  TailCounters tail_counters_;
  std::vector<JetstreamTail*> tails_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sluice::ingest
