#pragma once

#include <array>
#include <string>
#include <vector>

#include "app/demo/proc_text.h"
#include "app/demo/rate_meter.h"
#include "core/clock.h"

namespace sluice::demo {

// What this machine does, over the time since the sample before.
struct MachineFigures {
  std::vector<double> cpu_percent;  // of each core
  MemoryFigures memory;
  double received_bytes_per_second = 0;
  double sent_bytes_per_second = 0;
  double loopback_bytes_per_second = 0;
  std::array<double, 3> load{};  // over 1, 5 and 15 minutes
};

// Reads /proc. The first sample has no rates: they are 0. Thread: one.
class MachineSampler {
 public:
  explicit MachineSampler(std::string proc_folder = "/proc")
      : proc_folder_(std::move(proc_folder)) {}
  MachineFigures Sample(SteadyTime now);

 private:
  std::vector<double> CpuPercent();
  // Empty if it cannot be read.
  std::string Read(const char* name) const;

  const std::string proc_folder_;
  std::vector<CpuTicks> last_ticks_;
  RateMeter received_;
  RateMeter sent_;
  RateMeter loopback_;
};

}  // namespace sluice::demo
