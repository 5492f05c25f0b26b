#include "core/byte_budget.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(ByteBudgetTest, GivesUpToItsLimit) {
  ByteBudget budget(100);
  EXPECT_TRUE(budget.Take(60));
  EXPECT_TRUE(budget.Take(40));
  EXPECT_FALSE(budget.Take(1));
  EXPECT_EQ(budget.used(), 100u);
  budget.Release(40);
  EXPECT_FALSE(budget.Take(41));
  EXPECT_TRUE(budget.Take(40));
}

TEST(ByteBudgetTest, LetsWhatIsLargerThanTheLimitGoAlone) {
  ByteBudget budget(100);
  EXPECT_TRUE(budget.Take(101));
  EXPECT_FALSE(budget.Take(1));
  budget.Release(101);
  EXPECT_TRUE(budget.Take(1));
  EXPECT_FALSE(budget.Take(101));
}

}  // namespace
}  // namespace sluice
