#include "app/heap_trim.h"

#include <malloc.h>

#include <chrono>

#include "app/memory_watch.h"

namespace sluice::app {
namespace {

constexpr std::chrono::seconds kQuiet{10};
constexpr double kGrowth = 1.10;
constexpr double kUnchanged = 0.01;

}  // namespace

HeapTrim::HeapTrim()
    : HeapTrim({.resident_bytes = ResidentBytes, .trim = [] { malloc_trim(0); }}) {}

void HeapTrim::Beat(SteadyTime now) {
  const uint64_t resident = parts_.resident_bytes();
  const auto size = static_cast<double>(resident);
  const auto before = static_cast<double>(resident_);
  if (size < before * (1 - kUnchanged) || size > before * (1 + kUnchanged)) {
    resident_ = resident;
    unchanged_since_ = now;
  }
  if (now - unchanged_since_ < kQuiet || size <= static_cast<double>(floor_) * kGrowth) return;
  parts_.trim();
  floor_ = resident_ = parts_.resident_bytes();
  unchanged_since_ = now;
}

}  // namespace sluice::app
