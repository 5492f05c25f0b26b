#include "app/heap_trim.h"

#include <chrono>

#include <gtest/gtest.h>

namespace sluice::app {
namespace {

constexpr uint64_t kMiB = 1u << 20;

class HeapTrimTest : public testing::Test {
 protected:
  // A beat a second with this resident size.
  void Beats(int count, uint64_t resident) {
    resident_ = resident;
    for (int i = 0; i < count; ++i) trim_.Beat(now_ += std::chrono::seconds(1));
  }

  uint64_t resident_ = 0;
  uint64_t held_ = 0;  // of it, what a trim gives back
  int trims_ = 0;
  SteadyTime now_{std::chrono::hours(1)};
  HeapTrim trim_{{.resident_bytes = [this] { return resident_; },
                  .trim =
                      [this] {
                        ++trims_;
                        resident_ -= std::exchange(held_, 0);
                      }}};
};

TEST_F(HeapTrimTest, TrimsOnceWhenABurstIsOver) {
  Beats(30, 50 * kMiB);
  const int at_start = trims_;
  EXPECT_LE(at_start, 1);
  held_ = 60 * kMiB;
  Beats(9, 120 * kMiB);
  EXPECT_EQ(trims_, at_start);
  Beats(2, 120 * kMiB);
  EXPECT_EQ(trims_, at_start + 1);
  EXPECT_EQ(resident_, 60 * kMiB);
  Beats(100, 60 * kMiB);
  EXPECT_EQ(trims_, at_start + 1);
}

TEST_F(HeapTrimTest, WhatIsInUseIsNotTrimmedAgainAndAgain) {
  Beats(30, 50 * kMiB);
  const int at_start = trims_;
  Beats(100, 120 * kMiB);
  EXPECT_EQ(trims_, at_start + 1);
}

TEST_F(HeapTrimTest, NeverWhileTheProcessGrows) {
  Beats(30, 50 * kMiB);
  const int at_start = trims_;
  for (uint64_t size = 51; size < 200; ++size) Beats(1, size * kMiB);
  EXPECT_EQ(trims_, at_start);
}

TEST_F(HeapTrimTest, WorksOnThisProcess) {
  HeapTrim real;
  for (int i = 0; i < 30; ++i) real.Beat(now_ += std::chrono::seconds(1));
}

}  // namespace
}  // namespace sluice::app
