#include "core/repeat_limit.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fake_clock.h"

namespace sluice {
namespace {

using std::chrono::seconds;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RepeatLimitTest : public testing::Test {
 protected:
  // How many of `count` lines of this kind are let through.
  int Admitted(std::string_view kind, int count) {
    int admitted = 0;
    for (int i = 0; i < count; ++i) admitted += limit_.Admit(kind, clock_.Steady());
    return admitted;
  }

  FakeClock clock_;
  RepeatLimit limit_{{.max_lines = 3, .window = seconds(10), .max_kinds = 4}};
};

TEST_F(RepeatLimitTest, LetsTheFirstLinesOfEachKindThrough) {
  EXPECT_EQ(Admitted("a", 10), 3);
  EXPECT_EQ(Admitted("b", 2), 2);
}

TEST_F(RepeatLimitTest, SaysWhatItLeftOutWhenTheWindowEnds) {
  Admitted("a", 10);
  clock_.Advance(seconds(9));
  EXPECT_THAT(limit_.EndWindows(clock_.Steady()), IsEmpty());
  clock_.Advance(seconds(1));
  const auto ended = limit_.EndWindows(clock_.Steady());
  ASSERT_THAT(ended, SizeIs(1));
  EXPECT_EQ(ended[0].kind, "a");
  EXPECT_EQ(ended[0].lines, 7u);
  EXPECT_THAT(limit_.EndWindows(clock_.Steady()), IsEmpty());
  EXPECT_EQ(Admitted("a", 10), 3);
}

TEST_F(RepeatLimitTest, SaysNothingIfNothingWasLeftOut) {
  Admitted("a", 3);
  EXPECT_THAT(limit_.EndWindows(SteadyTime::max()), IsEmpty());
}

TEST_F(RepeatLimitTest, KindsBeyondTheLimitShareOneBudget) {
  for (const char* kind : {"a", "b", "c", "d"}) EXPECT_EQ(Admitted(kind, 1), 1);
  EXPECT_EQ(Admitted("e", 2), 2);
  EXPECT_EQ(Admitted("f", 2), 1);
  const auto ended = limit_.EndWindows(SteadyTime::max());
  ASSERT_THAT(ended, SizeIs(1));
  EXPECT_EQ(ended[0].kind, "");
}

}  // namespace
}  // namespace sluice
