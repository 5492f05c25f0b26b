#include "app/pulse.h"

#include <gtest/gtest.h>

#include "tests/fake_clock.h"

namespace sluice::app {
namespace {

TEST(PulseTest, IsAliveUntilNobodyHasBeatenForTooLong) {
  FakeClock clock;
  Pulse pulse(std::chrono::seconds(10), clock);
  EXPECT_TRUE(pulse.is_alive());
  clock.Advance(std::chrono::seconds(9));
  EXPECT_TRUE(pulse.is_alive());
  clock.Advance(std::chrono::seconds(1));
  EXPECT_FALSE(pulse.is_alive());
  pulse.Beat();
  EXPECT_TRUE(pulse.is_alive());
}

}  // namespace
}  // namespace sluice::app
