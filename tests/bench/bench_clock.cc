#include "tests/bench/bench_clock.h"

#include <cerrno>
#include <ctime>
#include <filesystem>
#include <fstream>

namespace sluice::bench {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;

}  // namespace

int64_t NowNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * kNsPerSecond + now.tv_nsec;
}

void SleepUntil(int64_t deadline_ns) {
  const timespec deadline = {.tv_sec = deadline_ns / kNsPerSecond,
                             .tv_nsec = deadline_ns % kNsPerSecond};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, nullptr) == EINTR) {
  }
}

int64_t ProcessCpuNs() {
  int64_t total = 0;
  std::error_code ignored;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", ignored)) {
    std::ifstream schedstat(task.path() / "schedstat");
    int64_t on_cpu = 0;
    if (schedstat >> on_cpu) total += on_cpu;
  }
  return total;
}

}  // namespace sluice::bench
