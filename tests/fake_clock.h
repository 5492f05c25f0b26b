#pragma once

#include <atomic>
#include <chrono>

#include "core/clock.h"

namespace sluice {

// A clock that stands still until a test moves it. Thread: any.
class FakeClock final : public Clock {
 public:
  SteadyTime Steady() const override { return SteadyTime(std::chrono::hours(1000)) + passed(); }
  WallTime Wall() const override {
    // 2024-02-29 12:34:56 UTC
    return WallTime(std::chrono::seconds(1'709'210'096)) +
           std::chrono::duration_cast<WallTime::duration>(passed());
  }
  void Advance(std::chrono::nanoseconds duration) { passed_ns_ += duration.count(); }

 private:
  std::chrono::nanoseconds passed() const { return std::chrono::nanoseconds(passed_ns_.load()); }
  std::atomic<int64_t> passed_ns_{0};
};

}  // namespace sluice
