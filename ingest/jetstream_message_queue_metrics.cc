#include "core/metric_family.h"
#include "ingest/jetstream_message_queue.h"

namespace sluice::ingest {

std::vector<prometheus::MetricFamily> JetstreamMessageQueue::Collect() const {
  using prometheus::MetricType;
  const auto metric = [](MetricType type, const char* name, const char* help, uint64_t value) {
    return SingleMetric(type, name, help, static_cast<double>(value));
  };
  return {
      metric(MetricType::Gauge, "sluice_ingest_client_messages",
             "Messages of browsers in the stream, as last seen.", stream_messages_.value()),
      metric(MetricType::Gauge, "sluice_ingest_client_messages_bytes", "Bytes of these.",
             stream_bytes_.value()),
      metric(MetricType::Counter, "sluice_ingest_client_messages_stored_total",
             "Messages of browsers stored by this process.", counters_.stored),
      metric(MetricType::Counter, "sluice_ingest_client_messages_refused_total",
             "Messages of browsers not stored, because too many waited.", counters_.refused),
      metric(MetricType::Counter, "sluice_ingest_client_messages_delivered_total",
             "Deliveries to backends of this process, each attempt counted.", counters_.delivered),
      metric(MetricType::Counter, "sluice_ingest_client_messages_redelivered_total",
             "Deliveries that were not the first of their message.", counters_.redelivered),
      metric(MetricType::Counter, "sluice_ingest_client_messages_acknowledged_total",
             "Messages that a backend acknowledged.", counters_.acknowledged),
      metric(MetricType::Counter, "sluice_ingest_client_messages_discarded_total",
             "Messages that a backend rejected for good.", counters_.discarded),
      metric(MetricType::Counter, "sluice_ingest_client_messages_malformed_total",
             "Messages of the stream that are none of browsers, removed.", counters_.malformed),
      metric(MetricType::Counter, "sluice_ingest_client_messages_consumers_remade_total",
             "Consumers that stood still and were made anew.", counters_.consumers_remade),
  };
}

}  // namespace sluice::ingest
