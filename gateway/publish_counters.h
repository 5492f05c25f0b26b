#pragma once

#include <array>
#include <vector>

#include <prometheus/metric_family.h>

#include "core/counter.h"
#include "gateway/rpc_status.h"

namespace sluice::gateway {

// What one CallThread counts. Thread: its own writes, any reads.
struct PublishCounters {
  std::array<Counter, kPublishOutcomeNames.size()> outcomes;
  DurationHistogram duration;  // from the request to its answer, for each event
  Counter appends_in_flight;
};

// The metrics of all threads together, as the admin port shows them. Thread: any.
std::vector<prometheus::MetricFamily> CollectPublishMetrics(
    const std::vector<const PublishCounters*>& counters);

}  // namespace sluice::gateway
