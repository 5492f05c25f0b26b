#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include <prometheus/metric_family.h>

#include "core/counter.h"
#include "gateway/rpc_status.h"

namespace sluice::gateway {

// What became of a GetPresence, as the metric `result` names it. A closed set.
enum class PresenceOutcome : uint8_t { kComplete, kIncomplete, kFailed };
inline constexpr std::array<std::string_view, 3> kPresenceOutcomeNames = {"complete", "incomplete",
                                                                          "failed"};

// What one CallThread counts. Thread: its own writes, any reads.
struct PublishCounters {
  std::array<Counter, kPublishOutcomeNames.size()> outcomes;
  DurationHistogram duration;  // from the request to its answer, for each event
  Counter appends_in_flight;
  std::array<Counter, kPresenceOutcomeNames.size()> presence;
};

// The metrics of all threads together, as the admin port shows them. Thread: any.
std::vector<prometheus::MetricFamily> CollectPublishMetrics(
    const std::vector<const PublishCounters*>& counters);

}  // namespace sluice::gateway
