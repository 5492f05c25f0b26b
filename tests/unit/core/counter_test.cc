#include "core/counter.h"

#include <chrono>

#include <gtest/gtest.h>

namespace sluice {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

// The bucket that one observation of `duration` lands in.
size_t BucketOf(nanoseconds duration) {
  DurationHistogram histogram;
  histogram.Observe(duration);
  for (size_t i = 0; i < DurationHistogram::kBuckets; ++i) {
    if (histogram.bucket(i) == 1) return i;
  }
  return DurationHistogram::kBuckets;
}

TEST(CounterTest, AddsAndSubtracts) {
  Counter counter;
  counter.Add();
  counter.Add(10);
  counter.Subtract(2);
  EXPECT_EQ(counter.value(), 9u);
  counter.Set(3);
  EXPECT_EQ(counter.value(), 3u);
}

TEST(DurationHistogramTest, ABucketsUpperBoundIsInclusive) {
  for (size_t i = 0; i + 1 < DurationHistogram::kBuckets; ++i) {
    const microseconds bound(int64_t{1} << i);
    EXPECT_EQ(BucketOf(bound), i);
    EXPECT_EQ(BucketOf(bound + nanoseconds(1)), i + 1);
  }
}

TEST(DurationHistogramTest, ZeroAndNegativeLandInTheFirstBucket) {
  EXPECT_EQ(BucketOf(nanoseconds(0)), 0u);
  EXPECT_EQ(BucketOf(nanoseconds(-1)), 0u);
  EXPECT_EQ(BucketOf(nanoseconds::min()), 0u);
}

TEST(DurationHistogramTest, WhatIsTooLongLandsInTheLastBucket) {
  EXPECT_EQ(BucketOf(seconds(68)), DurationHistogram::kBuckets - 1);
  EXPECT_EQ(BucketOf(nanoseconds::max()), DurationHistogram::kBuckets - 1);
}

TEST(DurationHistogramTest, CountsAnObservationSeveralTimes) {
  DurationHistogram histogram;
  histogram.Observe(microseconds(3), 5);
  EXPECT_EQ(histogram.bucket(2), 5u);
  EXPECT_EQ(histogram.sum_ns(), 15'000u);
}

}  // namespace
}  // namespace sluice
