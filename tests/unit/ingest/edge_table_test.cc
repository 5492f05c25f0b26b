#include "ingest/edge_table.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

TEST(EdgeTableTest, AnEdgeIsKnownUntilItHasBeenSilentForThreeIntervals) {
  EdgeTable edges;
  const SteadyTime start{1h};
  EXPECT_TRUE(edges.Hear("a", start));
  EXPECT_TRUE(edges.Hear("b", start));
  EXPECT_FALSE(edges.Hear("b", start + 5s));
  EXPECT_THAT(edges.ForgetSilent(start + 15s - 1ns), IsEmpty());
  EXPECT_THAT(edges.ForgetSilent(start + 15s), ElementsAre("a"));
  EXPECT_EQ(edges.heard().size(), 1u);
  EXPECT_TRUE(edges.Hear("a", start + 16s));
  EXPECT_THAT(edges.ForgetSilent(start + 20s), ElementsAre("b"));
}

TEST(EdgeTableTest, OneThatLeavesIsForgottenAtOnce) {
  EdgeTable edges;
  edges.Hear("a", SteadyTime{1h});
  EXPECT_TRUE(edges.Forget("a"));
  EXPECT_FALSE(edges.Forget("a"));
  EXPECT_THAT(edges.heard(), IsEmpty());
}

TEST(EdgeTableTest, HasAnEnd) {
  EdgeTable edges;
  for (size_t i = 0; i < EdgeTable::kMaxEdges; ++i) {
    EXPECT_FALSE(edges.is_full());
    EXPECT_TRUE(edges.Hear(std::to_string(i), SteadyTime{1h}));
  }
  EXPECT_TRUE(edges.is_full());
  EXPECT_FALSE(edges.Hear("one more", SteadyTime{1h}));
  EXPECT_EQ(edges.heard().size(), EdgeTable::kMaxEdges);
}

}  // namespace
}  // namespace sluice::ingest
