#include <utility>

#include "core/metric_family.h"
#include "ingest/jetstream_log.h"

namespace sluice::ingest {
namespace {

using prometheus::MetricType;

constexpr const char* kFaultNames[kMessageFaults] = {"subject", "type", "data"};

prometheus::MetricFamily MalformedMetric(const TailCounters& counters) {
  prometheus::MetricFamily family{.name = "sluice_ingest_malformed_messages_total",
                                  .help = "Messages of the stream that are no events, skipped.",
                                  .type = MetricType::Counter,
                                  .metric = {}};
  for (size_t i = 0; i < kMessageFaults; ++i) {
    family.metric.push_back(MetricSample(MetricType::Counter,
                                         static_cast<double>(counters.malformed[i].value()),
                                         {{"fault", kFaultNames[i]}}));
  }
  return family;
}

}  // namespace

std::vector<prometheus::MetricFamily> JetstreamLog::Collect() const {
  uint64_t reconnects = 0;
  uint64_t dropped = 0;
  const auto add = [&](const NatsConnection& connection) {
    reconnects += connection.reconnects();
    dropped += connection.dropped();
  };
  const bool connected = is_connected();
  bool has_tail = false;
  {
    MutexLock lock(&mutex_);
    if (appender_ != nullptr) add(appender_->connection());
    for (const JetstreamTail* tail : tails_) add(tail->connection());
    has_tail = !tails_.empty();
  }
  const auto metric = [](MetricType type, const char* name, const char* help, uint64_t value) {
    return SingleMetric(type, name, help, static_cast<double>(value));
  };
  std::vector<prometheus::MetricFamily> families{
      metric(MetricType::Gauge, "sluice_ingest_nats_connected",
             "1 while every connection to NATS stands.", connected ? 1 : 0),
      metric(MetricType::Counter, "sluice_ingest_nats_reconnects_total",
             "Connections to NATS that were lost.", reconnects),
      metric(MetricType::Counter, "sluice_ingest_nats_dropped_total",
             "Messages that the NATS client threw away; must stay 0.", dropped),
  };
  if (appender_ != nullptr) {
    families.push_back(metric(MetricType::Gauge, "sluice_ingest_nats_pending_messages",
                              "Events sent to NATS and not yet acknowledged.",
                              appender_->in_flight()));
    families.push_back(metric(MetricType::Gauge, "sluice_ingest_log_last_sequence",
                              "The sequence of the newest event that this process stored.",
                              appender_->last_sequence()));
  }
  if (has_tail) {
    families.push_back(metric(MetricType::Counter, "sluice_ingest_tail_restarts_total",
                              "Times that reading began again because something was missing.",
                              tail_counters_.restarts.value()));
    families.push_back(MalformedMetric(tail_counters_));
  }
  return families;
}

}  // namespace sluice::ingest
