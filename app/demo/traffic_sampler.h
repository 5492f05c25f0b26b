#pragma once

#include <memory>
#include <vector>

#include <prometheus/collectable.h>

#include "app/demo/rate_meter.h"
#include "core/clock.h"

namespace sluice::demo {

// What Sluice itself does, over the time since the sample before.
struct TrafficFigures {
  double published_per_second = 0;  // events
  double delivered_per_second = 0;  // events, once for each session
  double sessions = 0;              // open now
};

// Reads the metrics that /metrics shows, from the parts that keep them. Thread: one.
class TrafficSampler {
 public:
  // The parts outlive the sampler.
  explicit TrafficSampler(std::vector<const prometheus::Collectable*> parts)
      : parts_(std::move(parts)) {}
  TrafficFigures Sample(SteadyTime now);

 private:
  const std::vector<const prometheus::Collectable*> parts_;
  RateMeter published_;
  RateMeter delivered_;
};

}  // namespace sluice::demo
