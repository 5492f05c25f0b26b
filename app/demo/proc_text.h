#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace sluice::demo {

// The few figures of Linux's /proc that the demo shows, read from the text of its files. Lines and
// fields that are missing or malformed count as zero. Source: proc(5). Thread: any.

// Clock ticks since boot of one core.
struct CpuTicks {
  uint64_t busy = 0;
  uint64_t total = 0;
};

// One entry per core that is online, in the order of /proc/stat. Waiting for a disk is not busy;
// time that the hypervisor took away (steal) is.
std::vector<CpuTicks> ParseCpuTicks(std::string_view proc_stat);

struct MemoryFigures {
  uint64_t total_bytes = 0;
  uint64_t used_bytes = 0;   // what programs could not get: total - available
  uint64_t cache_bytes = 0;  // page cache and buffers, most of it available
};
MemoryFigures ParseMemory(std::string_view proc_meminfo);

// Bytes since boot. Bridges and virtual interfaces may count the same bytes as the one below them.
struct NetworkBytes {
  uint64_t received = 0;
  uint64_t sent = 0;
  uint64_t loopback = 0;  // apart, since every byte sent there is also received
};
NetworkBytes ParseNetworkBytes(std::string_view proc_net_dev);

// Mean number of runnable tasks over 1, 5 and 15 minutes.
std::array<double, 3> ParseLoad(std::string_view proc_loadavg);

}  // namespace sluice::demo
