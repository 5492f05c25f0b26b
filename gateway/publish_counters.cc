#include "gateway/publish_counters.h"

#include <cmath>
#include <cstdint>
#include <string>

namespace sluice::gateway {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

template <typename Read>
uint64_t Sum(const std::vector<const PublishCounters*>& counters, const Read& read) {
  uint64_t sum = 0;
  for (const PublishCounters* thread : counters) sum += read(*thread);
  return sum;
}

MetricFamily Published(const std::vector<const PublishCounters*>& counters) {
  MetricFamily family{"sluice_gateway_events_published_total",
                      "Events that publishers have asked for, by what became of them.",
                      MetricType::Counter,
                      {}};
  for (size_t i = 0; i < kPublishOutcomeNames.size(); ++i) {
    ClientMetric metric;
    metric.label = {{"result", std::string(kPublishOutcomeNames[i])}};
    metric.counter.value = static_cast<double>(
        Sum(counters, [i](const PublishCounters& thread) { return thread.outcomes[i].value(); }));
    family.metric.push_back(std::move(metric));
  }
  return family;
}

MetricFamily Duration(const std::vector<const PublishCounters*>& counters) {
  ClientMetric metric;
  uint64_t cumulative = 0;
  for (size_t i = 0; i < DurationHistogram::kBuckets; ++i) {
    cumulative +=
        Sum(counters, [i](const PublishCounters& thread) { return thread.duration.bucket(i); });
    const bool last = i + 1 == DurationHistogram::kBuckets;
    const double bound = last ? INFINITY : std::ldexp(1e-6, static_cast<int>(i));
    metric.histogram.bucket.push_back({cumulative, bound});
  }
  metric.histogram.sample_count = cumulative;
  metric.histogram.sample_sum =
      1e-9 * static_cast<double>(Sum(
                 counters, [](const PublishCounters& thread) { return thread.duration.sum_ns(); }));
  return {"sluice_gateway_publish_duration_seconds",
          "Time from an event's arrival at the gateway to its answer.",
          MetricType::Histogram,
          {std::move(metric)}};
}

MetricFamily InFlight(const std::vector<const PublishCounters*>& counters) {
  ClientMetric metric;
  metric.gauge.value = static_cast<double>(Sum(
      counters, [](const PublishCounters& thread) { return thread.appends_in_flight.value(); }));
  return {"sluice_gateway_appends_in_flight",
          "Events that wait for the log's answer.",
          MetricType::Gauge,
          {std::move(metric)}};
}

}  // namespace

std::vector<MetricFamily> CollectPublishMetrics(
    const std::vector<const PublishCounters*>& counters) {
  return {Published(counters), Duration(counters), InFlight(counters)};
}

}  // namespace sluice::gateway
