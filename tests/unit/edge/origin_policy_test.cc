#include "edge/http/origin_policy.h"

#include <string_view>

#include <gtest/gtest.h>

namespace sluice::edge {
namespace {

using Verdict = OriginPolicy::Verdict;

TEST(OriginPolicyTest, JudgesByExactOrigin) {
  const OriginPolicy policy({"https://app.example", "http://localhost:3000"});
  const struct {
    std::string_view origin, host;
    Verdict verdict;
  } rows[] = {
      {"", "edge.example", Verdict::kNone},
      {"https://app.example", "edge.example", Verdict::kAllowed},
      {"http://localhost:3000", "localhost:8080", Verdict::kAllowed},
      {"https://edge.example", "edge.example", Verdict::kSame},
      {"http://localhost:8080", "localhost:8080", Verdict::kSame},
      {"http://[::1]:8080", "[::1]:8080", Verdict::kSame},
      {"http://app.example", "edge.example", Verdict::kForeign},
      {"https://app.example:8443", "edge.example", Verdict::kForeign},
      {"https://app.example.evil.example", "edge.example", Verdict::kForeign},
      {"https://evil.app.example", "edge.example", Verdict::kForeign},
      {"https://APP.example", "edge.example", Verdict::kForeign},
      {"https://app.example/", "edge.example", Verdict::kForeign},
      {"null", "edge.example", Verdict::kForeign},
      {"null", "null", Verdict::kForeign},
      {"*", "edge.example", Verdict::kForeign},
      {"edge.example", "edge.example", Verdict::kForeign},
      {"http://", "", Verdict::kForeign},
      {"http://localhost:8081", "localhost:8080", Verdict::kForeign},
      {"http://localhost", "localhost:8080", Verdict::kForeign},
      {"http://edge.example@evil.example", "edge.example", Verdict::kForeign},
  };
  for (const auto& [origin, host, verdict] : rows) {
    EXPECT_EQ(policy.Judge(origin, host), verdict) << origin << " at " << host;
  }
}

TEST(OriginPolicyTest, AllowsNobodyElseByDefault) {
  EXPECT_EQ(OriginPolicy({}).Judge("https://app.example", "edge.example"), Verdict::kForeign);
}

TEST(OriginPolicyTest, AStarIsNoWildcard) {
  const OriginPolicy policy({"*"});
  EXPECT_EQ(policy.Judge("https://anything.example", "edge.example"), Verdict::kForeign);
}

}  // namespace
}  // namespace sluice::edge
