#include "app/demo/traffic_sampler.h"

#include <algorithm>
#include <string_view>

#include <prometheus/metric_family.h>

namespace sluice::demo {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;

bool IsRefusal(const ClientMetric& metric) {
  return std::any_of(metric.label.begin(), metric.label.end(), [](const auto& label) {
    return label.name == "result" && label.value != "ok";
  });
}

// The sum of a family's counters or gauges, without what was refused; 0 if there is none.
double SumOf(const std::vector<MetricFamily>& families, std::string_view name) {
  double sum = 0;
  for (const MetricFamily& family : families) {
    if (family.name != name) continue;
    for (const ClientMetric& metric : family.metric) {
      if (!IsRefusal(metric)) sum += metric.counter.value + metric.gauge.value;
    }
  }
  return sum;
}

}  // namespace

TrafficFigures TrafficSampler::Sample(SteadyTime now) {
  double published = 0;
  double delivered = 0;
  TrafficFigures figures;
  for (const prometheus::Collectable* part : parts_) {
    const std::vector<MetricFamily> families = part->Collect();
    published += SumOf(families, "sluice_gateway_events_published_total");
    delivered += SumOf(families, "sluice_edge_events_delivered_total");
    figures.sessions += SumOf(families, "sluice_edge_sessions");
  }
  figures.published_per_second = published_.Update(published, now);
  figures.delivered_per_second = delivered_.Update(delivered, now);
  return figures;
}

}  // namespace sluice::demo
