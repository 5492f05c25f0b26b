#include "edge/engine/timer_wheel.h"

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace sluice::edge {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

class Alarm final : public Timed {
 public:
  void OnDeadline() override {
    ++fired;
    if (action) action();
  }
  int fired = 0;
  std::function<void()> action;
};

class TimerWheelTest : public testing::Test {
 protected:
  void Pass(milliseconds time) {
    now_ += time;
    wheel_.Advance(now_);
  }

  SteadyTime now_ = SteadyTime(hours(7));
  TimerWheel wheel_{now_};
};

TEST_F(TimerWheelTest, RoundsDelaysUpToSteps) {
  EXPECT_EQ(TimerWheel::Ticks(milliseconds(0)), 1u);
  EXPECT_EQ(TimerWheel::Ticks(milliseconds(1)), 1u);
  EXPECT_EQ(TimerWheel::Ticks(milliseconds(100)), 1u);
  EXPECT_EQ(TimerWheel::Ticks(milliseconds(101)), 2u);
  EXPECT_EQ(TimerWheel::Ticks(seconds(15)), 150u);
}

TEST_F(TimerWheelTest, NeverFiresEarlyAndAtMostAStepLate) {
  for (const milliseconds delay :
       {milliseconds(1), milliseconds(100), milliseconds(1500), milliseconds(51'200),
        milliseconds(60'000), milliseconds(3'600'000)}) {
    for (milliseconds offset(0); offset < TimerWheel::kStep; offset += milliseconds(33)) {
      Pass(offset);
      Alarm alarm;
      wheel_.Set(&alarm, TimerWheel::Ticks(delay));
      Pass(delay - milliseconds(1));
      EXPECT_EQ(alarm.fired, 0) << delay.count();
      Pass(milliseconds(1) + 2 * TimerWheel::kStep);
      EXPECT_EQ(alarm.fired, 1) << delay.count();
    }
  }
}

TEST_F(TimerWheelTest, FiresOnce) {
  Alarm alarm;
  wheel_.Set(&alarm, 1);
  Pass(hours(1));
  Pass(hours(1));
  EXPECT_EQ(alarm.fired, 1);
}

TEST_F(TimerWheelTest, ADeadlineCanBeMovedAndCleared) {
  Alarm moved, cleared;
  wheel_.Set(&moved, 5);
  wheel_.Set(&cleared, 5);
  wheel_.Set(&moved, 50);
  wheel_.Clear(&cleared);
  wheel_.Clear(&cleared);
  Pass(seconds(2));
  EXPECT_EQ(moved.fired, 0);
  Pass(seconds(4));
  EXPECT_EQ(moved.fired, 1);
  EXPECT_EQ(cleared.fired, 0);
}

TEST_F(TimerWheelTest, FiresInOrderOfTheDeadlines) {
  std::vector<int> order;
  Alarm alarms[3];
  for (int i = 0; i < 3; ++i) {
    alarms[i].action = [&order, i] { order.push_back(i); };
    wheel_.Set(&alarms[i], static_cast<Tick>(600 - 200 * i));
  }
  Pass(hours(1));
  EXPECT_EQ(order, (std::vector<int>{2, 1, 0}));
}

TEST_F(TimerWheelTest, FiringMaySetItselfAgain) {
  Alarm alarm;
  alarm.action = [&] { wheel_.Set(&alarm, 10); };
  wheel_.Set(&alarm, 10);
  for (int i = 0; i < 100; ++i) Pass(milliseconds(100));
  EXPECT_EQ(alarm.fired, 9);  // every 1.1 s: a deadline is never early
}

TEST_F(TimerWheelTest, FiringMayClearOrDestroyOthersOfTheSameStep) {
  Alarm first, cleared;
  auto destroyed = std::make_unique<Alarm>();
  first.action = [&] {
    wheel_.Clear(&cleared);
    destroyed.reset();
  };
  for (Alarm* alarm : {&first, &cleared, destroyed.get()}) wheel_.Set(alarm, 3);
  Pass(seconds(1));
  EXPECT_EQ(first.fired, 1);
  EXPECT_EQ(cleared.fired, 0);
}

TEST_F(TimerWheelTest, FiringMayDestroyItself) {
  auto alarm = std::make_unique<Alarm>();
  bool fired = false;
  alarm->action = [&] {
    fired = true;
    alarm.reset();
  };
  wheel_.Set(alarm.get(), 3);
  Pass(seconds(1));
  EXPECT_TRUE(fired);
}

TEST_F(TimerWheelTest, SaysHowLongToTheNextStep) {
  EXPECT_EQ(wheel_.UntilNextStep(now_), milliseconds(100));
  EXPECT_EQ(wheel_.UntilNextStep(now_ + milliseconds(30)), milliseconds(70));
  EXPECT_EQ(wheel_.UntilNextStep(now_ + seconds(3)), milliseconds(0));
}

}  // namespace
}  // namespace sluice::edge
