#pragma once

#include <chrono>
#include <optional>

#include "core/clock.h"

namespace sluice::demo {

// Turns readings of a total that only rises into a rate per second. Thread: one.
class RateMeter {
 public:
  // The rate since the reading before; 0 for the first one and when the total fell (a new process,
  // an interface that went away).
  double Update(double total, SteadyTime now) {
    double rate = 0;
    if (last_ && now > last_->time && total > last_->total) {
      rate = (total - last_->total) / std::chrono::duration<double>(now - last_->time).count();
    }
    last_ = Reading{total, now};
    return rate;
  }

 private:
  struct Reading {
    double total;
    SteadyTime time;
  };
  std::optional<Reading> last_;
};

}  // namespace sluice::demo
