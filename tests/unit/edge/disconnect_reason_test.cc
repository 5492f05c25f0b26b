#include "edge/disconnect_reason.h"

#include <string_view>

#include <gtest/gtest.h>

namespace sluice::edge {
namespace {

TEST(DisconnectReasonTest, EveryReasonHasItsPolicy) {
  const struct {
    DisconnectReason reason;
    std::string_view label;
    bool announced, may_resume;
  } rows[] = {
      {DisconnectReason::kClient, "client", false, true},
      {DisconnectReason::kNetwork, "network", false, true},
      {DisconnectReason::kSlow, "slow", true, true},
      {DisconnectReason::kMaxAge, "max-age", true, true},
      {DisconnectReason::kShutdown, "shutdown", true, true},
      {DisconnectReason::kOverload, "overload", true, true},
      {DisconnectReason::kProtocol, "protocol", false, false},
      {DisconnectReason::kExpired, "expired", true, true},
      {DisconnectReason::kDrain, "drain", true, true},
      {DisconnectReason::kRevoked, "revoked", true, false},
  };
  static_assert(std::size(rows) == kDisconnectReasons);
  for (const auto& [reason, label, announced, may_resume] : rows) {
    EXPECT_EQ(PolicyOf(reason).label, label);
    EXPECT_EQ(PolicyOf(reason).announced, announced) << label;
    EXPECT_EQ(PolicyOf(reason).may_resume, may_resume) << label;
  }
}

}  // namespace
}  // namespace sluice::edge
