#pragma once

#include <atomic>
#include <chrono>

#include "core/clock.h"

namespace sluice::app {

// Whether a loop still turns: the loop beats once in a while, others look. Thread: any.
class Pulse {
 public:
  // `clock` outlives the pulse.
  Pulse(std::chrono::nanoseconds patience, const Clock& clock)
      : patience_(patience), clock_(clock), last_(clock.Steady()) {}

  void Beat() { last_ = clock_.Steady(); }
  bool is_alive() const { return clock_.Steady() - last_.load() < patience_; }

 private:
  const std::chrono::nanoseconds patience_;
  const Clock& clock_;
  std::atomic<SteadyTime> last_;
};

}  // namespace sluice::app
