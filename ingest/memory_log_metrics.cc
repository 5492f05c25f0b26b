#include <string>

#include "ingest/memory_log.h"

namespace sluice::ingest {
namespace {

prometheus::MetricFamily Gauge(const std::string& name, std::string help, uint64_t value) {
  prometheus::ClientMetric metric;
  metric.gauge.value = static_cast<double>(value);
  return {"sluice_ingest_" + name, std::move(help), prometheus::MetricType::Gauge, {metric}};
}

}  // namespace

std::vector<prometheus::MetricFamily> MemoryLog::Collect() const {
  const Stats stats = GetStats();
  return {
      Gauge("log_last_sequence", "The sequence of the newest event.", stats.last_sequence),
      Gauge("log_events", "Events retained.", stats.retained_events),
      Gauge("log_bytes", "Bytes of retained events.", stats.retained_bytes),
      Gauge("log_idempotency_keys", "Idempotency keys within the window.", stats.idempotency_keys),
      Gauge("tail_lag_bytes", "Bytes that the slowest tail has yet to take.", stats.tail_lag_bytes),
  };
}

}  // namespace sluice::ingest
