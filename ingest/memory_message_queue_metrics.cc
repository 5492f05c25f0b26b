#include "core/metric_family.h"
#include "ingest/memory_message_queue.h"

namespace sluice::ingest {

std::vector<prometheus::MetricFamily> MemoryMessageQueue::Collect() const {
  using prometheus::MetricType;
  const Stats stats = GetStats();
  const auto metric = [](MetricType type, const char* name, const char* help, uint64_t value) {
    return SingleMetric(type, name, help, static_cast<double>(value));
  };
  return {
      metric(MetricType::Gauge, "sluice_ingest_client_messages",
             "Messages of browsers that wait for backends or are with them.", stats.messages),
      metric(MetricType::Gauge, "sluice_ingest_client_messages_bytes", "Bytes of these.",
             stats.bytes),
      metric(MetricType::Counter, "sluice_ingest_client_messages_stored_total",
             "Messages of browsers stored.", stats.stored),
      metric(MetricType::Counter, "sluice_ingest_client_messages_refused_total",
             "Messages of browsers not stored, because too many waited.", stats.refused),
      metric(MetricType::Counter, "sluice_ingest_client_messages_delivered_total",
             "Deliveries to backends, each attempt counted.", stats.delivered),
      metric(MetricType::Counter, "sluice_ingest_client_messages_redelivered_total",
             "Deliveries that were not the first of their message.", stats.redelivered),
      metric(MetricType::Counter, "sluice_ingest_client_messages_acknowledged_total",
             "Messages that a backend acknowledged.", stats.acknowledged),
      metric(MetricType::Counter, "sluice_ingest_client_messages_discarded_total",
             "Messages that a backend rejected for good.", stats.discarded),
      metric(MetricType::Counter, "sluice_ingest_client_messages_expired_total",
             "Messages dropped because they grew too old before a backend acknowledged them.",
             stats.expired),
  };
}

}  // namespace sluice::ingest
