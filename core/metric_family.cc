#include "core/metric_family.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

namespace sluice {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

ClientMetric MetricSample(MetricType type, double value, MetricLabels labels) {
  ClientMetric metric;
  metric.label = std::move(labels);
  if (type == MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  return metric;
}

MetricFamily SingleMetric(MetricType type, std::string name, std::string help, double value) {
  return {std::move(name), std::move(help), type, {MetricSample(type, value)}};
}

MetricFamily DurationMetric(std::string name, std::string help,
                            const std::vector<const DurationHistogram*>& threads,
                            MetricLabels labels) {
  ClientMetric metric;
  metric.label = std::move(labels);
  uint64_t cumulative = 0;
  uint64_t sum_ns = 0;
  for (const DurationHistogram* thread : threads) sum_ns += thread->sum_ns();
  for (size_t i = 0; i < DurationHistogram::kBuckets; ++i) {
    for (const DurationHistogram* thread : threads) cumulative += thread->bucket(i);
    const bool last = i + 1 == DurationHistogram::kBuckets;
    const double bound =
        last ? std::numeric_limits<double>::infinity() : std::ldexp(1e-6, static_cast<int>(i));
    metric.histogram.bucket.push_back({cumulative, bound});
  }
  metric.histogram.sample_count = cumulative;
  metric.histogram.sample_sum = static_cast<double>(sum_ns) * 1e-9;
  return {std::move(name), std::move(help), MetricType::Histogram, {std::move(metric)}};
}

}  // namespace sluice
