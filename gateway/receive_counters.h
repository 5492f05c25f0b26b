#pragma once

#include <vector>

#include <prometheus/metric_family.h>

#include "core/counter.h"

namespace sluice::gateway {

// What one CallThread counts of Receive. Thread: its own writes, any reads.
struct ReceiveCounters {
  Counter receivers;     // open now
  Counter delivered;     // messages handed to backends, redelivered ones too
  Counter redelivered;   // of these, those not for the first time
  Counter acknowledged;  // as backends said, and so on
  Counter rejected;
  Counter discarded;
  Counter returned;  // to the queue, for want of memory
};

// The metrics of all threads together, as the admin port shows them. Thread: any.
std::vector<prometheus::MetricFamily> CollectReceiveMetrics(
    const std::vector<const ReceiveCounters*>& threads);

}  // namespace sluice::gateway
