#pragma once

#include <cstdint>

namespace sluice::bench {

// CLOCK_MONOTONIC in nanoseconds: the same in every process of the machine, which is what lets a
// payload carry the planned time from the publisher to the generator.
int64_t NowNs();

// Sleeps until NowNs() reaches `deadline_ns`; returns at once if that is over.
void SleepUntil(int64_t deadline_ns);

// CPU time of the whole process so far in nanoseconds: the sum of the first field of
// /proc/self/task/*/schedstat. Loses threads that have ended.
int64_t ProcessCpuNs();

}  // namespace sluice::bench
