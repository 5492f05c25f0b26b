#include "ingest/consumer_watch.h"

#include <gtest/gtest.h>

namespace sluice::ingest {
namespace {

using std::chrono::seconds;

constexpr seconds kLimit{10};

SteadyTime At(int64_t time) { return SteadyTime(seconds(time)); }

TEST(ConsumerWatchTest, WhatIsTheSameForLongerThanTheLimitStandsStill) {
  ConsumerWatch watch;
  EXPECT_FALSE(watch.StandsStill({.delivered = 7, .unanswered = 1}, At(0), kLimit));
  EXPECT_FALSE(watch.StandsStill({.delivered = 7, .unanswered = 1}, At(10), kLimit));
  EXPECT_TRUE(watch.StandsStill({.delivered = 7, .unanswered = 1}, At(11), kLimit));
}

TEST(ConsumerWatchTest, WhatDeliversAgainDoesNot) {
  ConsumerWatch watch;
  for (int time = 0; time < 100; time += 10) {
    const uint64_t delivered = 7 + static_cast<uint64_t>(time);
    EXPECT_FALSE(watch.StandsStill({.delivered = delivered, .unanswered = 1}, At(time), kLimit))
        << time;
  }
}

TEST(ConsumerWatchTest, NorDoesWhatWaitsForNoAnswer) {
  ConsumerWatch watch;
  EXPECT_FALSE(watch.StandsStill({.delivered = 7, .unanswered = 1}, At(0), kLimit));
  EXPECT_FALSE(watch.StandsStill({.delivered = 7, .unanswered = 0}, At(9), kLimit));
  EXPECT_FALSE(watch.StandsStill({.delivered = 7, .unanswered = 0}, At(90), kLimit));
  EXPECT_FALSE(watch.StandsStill({.delivered = 7, .unanswered = 1}, At(91), kLimit));
}

TEST(ConsumerWatchTest, TheNextOneHasItsOwnTime) {
  ConsumerWatch watch;
  EXPECT_FALSE(watch.StandsStill({.delivered = 1, .unanswered = 1}, At(0), kLimit));
  watch.Forget();
  EXPECT_FALSE(watch.StandsStill({.delivered = 1, .unanswered = 1}, At(11), kLimit));
}

}  // namespace
}  // namespace sluice::ingest
