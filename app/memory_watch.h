#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "edge/memory_level.h"

namespace sluice::app {

// Compares the memory of the process with what it may have. A level is left only five hundredths
// below where it began, so that it does not come and go. Thread: main.
class MemoryWatch {
 public:
  static constexpr double kHigh = 0.85;  // of the limit
  static constexpr double kCritical = 0.95;
  static constexpr double kBack = 0.05;

  // `limit_bytes`: 0: none, the level is always kNormal. `resident_bytes`: of this process.
  MemoryWatch(uint64_t limit_bytes, std::function<uint64_t()> resident_bytes)
      : limit_bytes_(limit_bytes), resident_bytes_(std::move(resident_bytes)) {}

  // The level as of now.
  edge::MemoryLevel Look();
  uint64_t limit_bytes() const { return limit_bytes_; }

 private:
  bool IsAt(double threshold, edge::MemoryLevel level, uint64_t resident) const;

  const uint64_t limit_bytes_;
  const std::function<uint64_t()> resident_bytes_;
  edge::MemoryLevel level_ = edge::MemoryLevel::kNormal;
};

// The resident set of this process; 0 if it cannot be read. Source: proc_pid_statm(5).
uint64_t ResidentBytes();
// What the control group of this process may have, under `root` ("/sys/fs/cgroup"); 0: no limit, or
// not a cgroup of version 2. `membership`: the content of /proc/self/cgroup. Source: the kernel's
// cgroup-v2.rst, "memory.max".
uint64_t CgroupMemoryLimit(const std::string& root, const std::string& membership);

// That of this process.
uint64_t OwnCgroupMemoryLimit();

}  // namespace sluice::app
