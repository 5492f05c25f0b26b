#include "edge/auth/revocation_table.h"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

namespace sluice::edge {
namespace {

using Kind = Revocation::Kind;
using std::chrono_literals::operator""s;

const WallTime kNow = WallTime(std::chrono::hours(1));

Identity Of(const std::string& user, const std::string& token, WallTime issued) {
  return {.user_id = user, .token_id = token, .topics = {}, .issued = issued};
}

TEST(RevocationTableTest, CoversATokenByItsIdAlone) {
  RevocationTable table;
  table.Add({.kind = Kind::kToken, .id = "t1", .at = kNow});
  EXPECT_TRUE(table.Covers(Of("alice", "t1", kNow + 5s)));
  EXPECT_FALSE(table.Covers(Of("t1", "t2", kNow)));
  EXPECT_FALSE(table.Covers(Of("alice", "", kNow)));
}

TEST(RevocationTableTest, CoversWhatAUserWasIssuedUpToThen) {
  RevocationTable table;
  table.Add({.kind = Kind::kUser, .id = "alice", .at = kNow});
  EXPECT_TRUE(table.Covers(Of("alice", "t", kNow - 1s)));
  EXPECT_TRUE(table.Covers(Of("alice", "t", kNow)));
  EXPECT_TRUE(table.Covers(Of("alice", "t", WallTime::min())));  // it does not say when
  EXPECT_FALSE(table.Covers(Of("alice", "t", kNow + 1s)));
  EXPECT_FALSE(table.Covers(Of("alice", "", WallTime::max())));  // no token at all
  EXPECT_FALSE(table.Covers(Of("bob", "t", kNow - 1s)));
}

TEST(RevocationTableTest, ForgetsTheOldest) {
  RevocationTable table(3);
  table.Add({.kind = Kind::kUser, .id = "alice", .at = kNow});
  table.Add({.kind = Kind::kToken, .id = "t1", .at = kNow});
  table.Add({.kind = Kind::kUser, .id = "alice", .at = kNow + 10s});
  table.Add({.kind = Kind::kToken, .id = "t2", .at = kNow});
  // The first of alice's is gone, not the second.
  EXPECT_TRUE(table.Covers(Of("alice", "", kNow + 5s)));
  table.Add({.kind = Kind::kToken, .id = "t3", .at = kNow});
  EXPECT_FALSE(table.Covers(Of("x", "t1", kNow)));
  EXPECT_TRUE(table.Covers(Of("x", "t2", kNow)));
}

}  // namespace
}  // namespace sluice::edge
