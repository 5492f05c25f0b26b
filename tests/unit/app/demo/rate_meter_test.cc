#include "app/demo/rate_meter.h"

#include <gtest/gtest.h>

namespace sluice::demo {
namespace {

using std::chrono::milliseconds;

TEST(RateMeterTest, TheFirstReadingHasNoRate) {
  RateMeter meter;
  EXPECT_EQ(meter.Update(1e9, SteadyTime()), 0);
}

TEST(RateMeterTest, DividesByTheTimeThatPassed) {
  RateMeter meter;
  meter.Update(100, SteadyTime());
  EXPECT_DOUBLE_EQ(meter.Update(150, SteadyTime(milliseconds(500))), 100);
  EXPECT_DOUBLE_EQ(meter.Update(150, SteadyTime(milliseconds(900))), 0);
}

TEST(RateMeterTest, ATotalThatFellBeginsAnew) {
  RateMeter meter;
  meter.Update(100, SteadyTime());
  EXPECT_EQ(meter.Update(10, SteadyTime(milliseconds(500))), 0);
  EXPECT_DOUBLE_EQ(meter.Update(20, SteadyTime(milliseconds(1500))), 10);
}

TEST(RateMeterTest, NoTimeIsNoRate) {
  RateMeter meter;
  meter.Update(100, SteadyTime());
  EXPECT_EQ(meter.Update(200, SteadyTime()), 0);
}

}  // namespace
}  // namespace sluice::demo
