#include "app/demo/proc_text.h"

#include <charconv>
#include <cstddef>

namespace sluice::demo {
namespace {

// Takes the text up to `separator`, or all of it, from the front of `text`.
std::string_view TakeUntil(char separator, std::string_view* text) {
  const size_t end = text->find(separator);
  const std::string_view taken = text->substr(0, end);
  text->remove_prefix(end == std::string_view::npos ? text->size() : end + 1);
  return taken;
}

// Takes the next run of characters other than blanks; empty at the end.
std::string_view TakeWord(std::string_view* text) {
  const size_t begin = text->find_first_not_of(" \t\n");
  if (begin == std::string_view::npos) return {};
  text->remove_prefix(begin);
  const std::string_view word = text->substr(0, text->find_first_of(" \t\n"));
  text->remove_prefix(word.size());
  return word;
}

template <typename Number>
Number TakeNumber(std::string_view* text) {
  const std::string_view word = TakeWord(text);
  Number number{};
  std::from_chars(word.data(), word.data() + word.size(), number);
  return number;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// A line such as "cpu1 73085 0 17605 186433 1533 0 2284 2110 0 0".
CpuTicks ParseCpuLine(std::string_view fields) {
  enum Field { kUser, kNice, kSystem, kIdle, kIoWait, kIrq, kSoftIrq, kSteal, kFields };
  // The fields after these (guest) are contained in the first two.
  CpuTicks ticks;
  for (int field = 0; field < kFields; ++field) {
    const auto number = TakeNumber<uint64_t>(&fields);
    ticks.total += number;
    if (field != kIdle && field != kIoWait) ticks.busy += number;
  }
  return ticks;
}

}  // namespace

std::vector<CpuTicks> ParseCpuTicks(std::string_view proc_stat) {
  std::vector<CpuTicks> cores;
  while (!proc_stat.empty()) {
    std::string_view line = TakeUntil('\n', &proc_stat);
    const std::string_view name = TakeWord(&line);
    // "cpu" without a number is the sum.
    if (name.size() > 3 && name.starts_with("cpu") && IsDigit(name[3])) {
      cores.push_back(ParseCpuLine(line));
    }
  }
  return cores;
}

MemoryFigures ParseMemory(std::string_view proc_meminfo) {
  uint64_t available = 0;
  MemoryFigures memory;
  while (!proc_meminfo.empty()) {
    std::string_view line = TakeUntil('\n', &proc_meminfo);
    const std::string_view name = TakeUntil(':', &line);
    const uint64_t bytes = TakeNumber<uint64_t>(&line) * 1024;  // "kB" there means KiB
    if (name == "MemTotal") memory.total_bytes = bytes;
    if (name == "MemAvailable") available = bytes;
    if (name == "Cached" || name == "Buffers") memory.cache_bytes += bytes;
  }
  if (memory.total_bytes > available) memory.used_bytes = memory.total_bytes - available;
  return memory;
}

NetworkBytes ParseNetworkBytes(std::string_view proc_net_dev) {
  constexpr int kFieldsBetween = 7;  // of the eight about receiving, the first is bytes
  NetworkBytes network;
  while (!proc_net_dev.empty()) {
    std::string_view line = TakeUntil('\n', &proc_net_dev);
    if (line.find(':') == std::string_view::npos) continue;  // the two lines of headings
    std::string_view name = TakeUntil(':', &line);
    name = TakeWord(&name);
    const auto received = TakeNumber<uint64_t>(&line);
    for (int i = 0; i < kFieldsBetween; ++i) TakeWord(&line);
    const auto sent = TakeNumber<uint64_t>(&line);
    if (name == "lo") {
      network.loopback += sent;
    } else {
      network.received += received;
      network.sent += sent;
    }
  }
  return network;
}

std::array<double, 3> ParseLoad(std::string_view proc_loadavg) {
  std::array<double, 3> load{};
  for (double& minutes : load) minutes = TakeNumber<double>(&proc_loadavg);
  return load;
}

}  // namespace sluice::demo
