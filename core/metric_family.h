#pragma once

#include <string>
#include <vector>

#include <prometheus/metric_family.h>

#include "core/counter.h"

namespace sluice {

// What the parts export when they are scraped, built from plain counters. Thread: any.
using MetricLabels = std::vector<prometheus::ClientMetric::Label>;

// One sample of a counter or a gauge.
prometheus::ClientMetric MetricSample(prometheus::MetricType type, double value,
                                      MetricLabels labels = {});

// A family with one sample and no label.
prometheus::MetricFamily SingleMetric(prometheus::MetricType type, std::string name,
                                      std::string help, double value);

// The histograms of several threads as one, in seconds.
prometheus::MetricFamily DurationMetric(std::string name, std::string help,
                                        const std::vector<const DurationHistogram*>& threads,
                                        MetricLabels labels = {});

}  // namespace sluice
