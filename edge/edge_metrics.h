#pragma once

#include <vector>

#include <prometheus/metric_family.h>

#include "edge/engine/shard_stats.h"
#include "edge/memory_level.h"

namespace sluice::edge {

// The metrics sluice_edge_*, summed over the shards, and how far the tail has come.
// docs/operations.md lists them. Thread: any.
std::vector<prometheus::MetricFamily> CollectEdgeMetrics(
    const std::vector<const ShardStats*>& shards, MemoryLevel memory_level);

}  // namespace sluice::edge
