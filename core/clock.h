#pragma once

#include <chrono>

#include "core/event.h"

namespace sluice {

// The time, so that tests can move it. Timers and ages use Steady(), token expiry and stamps use
// Wall(). Thread: any.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual SteadyTime Steady() const = 0;
  virtual WallTime Wall() const = 0;

  // The machine's clocks; lives as long as the process.
  static const Clock& System();
};

}  // namespace sluice
