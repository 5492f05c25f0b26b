#include "gateway/publish_counters.h"

#include <cstdint>
#include <string>

#include "core/metric_family.h"

namespace sluice::gateway {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

using Threads = std::vector<const PublishCounters*>;

template <typename Read>
double Sum(const Threads& threads, const Read& read) {
  uint64_t sum = 0;
  for (const PublishCounters* thread : threads) sum += read(*thread).value();
  return static_cast<double>(sum);
}

MetricFamily Published(const Threads& threads) {
  MetricFamily family{"sluice_gateway_events_published_total",
                      "Events that publishers have asked for, by what became of them.",
                      MetricType::Counter,
                      {}};
  for (size_t i = 0; i < kPublishOutcomeNames.size(); ++i) {
    const double sum = Sum(threads, [i](const auto& t) -> const Counter& { return t.outcomes[i]; });
    family.metric.push_back(
        MetricSample(family.type, sum, {{"result", std::string(kPublishOutcomeNames[i])}}));
  }
  return family;
}

MetricFamily Duration(const Threads& threads) {
  std::vector<const DurationHistogram*> durations;
  for (const PublishCounters* thread : threads) durations.push_back(&thread->duration);
  return DurationMetric("sluice_gateway_publish_duration_seconds",
                        "Time from an event's arrival at the gateway to its answer.", durations);
}

MetricFamily InFlight(const Threads& threads) {
  return SingleMetric(
      MetricType::Gauge, "sluice_gateway_appends_in_flight",
      "Events that wait for the log's answer.",
      Sum(threads, [](const auto& t) -> const Counter& { return t.appends_in_flight; }));
}

MetricFamily Presence(const Threads& threads) {
  MetricFamily family{"sluice_gateway_presence_total",
                      "Questions for users' sessions, by whether every edge answered.",
                      MetricType::Counter,
                      {}};
  for (size_t i = 0; i < kPresenceOutcomeNames.size(); ++i) {
    const double sum = Sum(threads, [i](const auto& t) -> const Counter& { return t.presence[i]; });
    family.metric.push_back(
        MetricSample(family.type, sum, {{"result", std::string(kPresenceOutcomeNames[i])}}));
  }
  return family;
}

}  // namespace

std::vector<MetricFamily> CollectPublishMetrics(
    const std::vector<const PublishCounters*>& counters) {
  return {Published(counters), Duration(counters), InFlight(counters), Presence(counters)};
}

}  // namespace sluice::gateway
