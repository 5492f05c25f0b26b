#include "core/metric_family.h"
#include "ingest/memory_log.h"

namespace sluice::ingest {

std::vector<prometheus::MetricFamily> MemoryLog::Collect() const {
  const Stats stats = GetStats();
  const auto gauge = [](const char* name, const char* help, uint64_t value) {
    return SingleMetric(prometheus::MetricType::Gauge, name, help, static_cast<double>(value));
  };
  return {
      gauge("sluice_ingest_log_last_sequence", "The sequence of the newest event.",
            stats.last_sequence),
      gauge("sluice_ingest_log_events", "Events retained.", stats.retained_events),
      gauge("sluice_ingest_log_bytes", "Bytes of retained events.", stats.retained_bytes),
      gauge("sluice_ingest_log_idempotency_keys", "Idempotency keys within the window.",
            stats.idempotency_keys),
      gauge("sluice_ingest_tail_lag_bytes", "Bytes that the slowest tail has yet to take.",
            stats.tail_lag_bytes),
  };
}

}  // namespace sluice::ingest
