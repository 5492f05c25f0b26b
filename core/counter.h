#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstdint>

namespace sluice {

// A number that one thread changes and any thread reads (the scrape): plain loads and stores, no
// read-modify-write, so counting costs what `++` costs. Thread: one writer, any reader.
class Counter {
 public:
  void Add(uint64_t amount = 1) { Set(value() + amount); }
  void Subtract(uint64_t amount = 1) { Set(value() - amount); }
  void Set(uint64_t value) { value_.store(value, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// A histogram of durations: bucket i counts values of at most 2^i microseconds (1 us .. 67 s), the
// last one the rest. Summed over threads and exported at the scrape. Thread: as Counter.
class DurationHistogram {
 public:
  static constexpr size_t kBuckets = 28;

  void Observe(std::chrono::nanoseconds duration, uint64_t times = 1) {
    const uint64_t ns = duration.count() > 0 ? static_cast<uint64_t>(duration.count()) : 0;
    const uint64_t us = (ns + 999) / 1000;
    const auto bucket = us <= 1 ? 0u : static_cast<unsigned>(std::bit_width(us - 1));
    buckets_[bucket < kBuckets ? bucket : kBuckets - 1].Add(times);
    sum_ns_.Add(ns * times);
  }
  // Observations in bucket `i` alone, not cumulative.
  uint64_t bucket(size_t i) const { return buckets_[i].value(); }
  uint64_t sum_ns() const { return sum_ns_.value(); }

 private:
  std::array<Counter, kBuckets> buckets_;
  Counter sum_ns_;
};

}  // namespace sluice
