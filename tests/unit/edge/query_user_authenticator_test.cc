#include "edge/auth/query_user_authenticator.h"

#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace sluice::edge {
namespace {

Credentials From(std::string_view query, std::string_view host) {
  return {.authorization = "", .cookie = "", .query = query, .host = host};
}
Credentials FromForeignPage(std::string_view query, std::string_view host) {
  Credentials credentials = From(query, host);
  credentials.origin = OriginPolicy::Verdict::kForeign;
  return credentials;
}

// nullopt: let in.
std::optional<AuthRefusalReason> Refusal(const Credentials& credentials,
                                         bool only_loopback_hosts = true) {
  const Authentication who = QueryUserAuthenticator(only_loopback_hosts).Authenticate(credentials);
  const auto* refusal = std::get_if<AuthRefusal>(&who);
  return refusal == nullptr ? std::nullopt : std::optional(refusal->reason);
}

TEST(QueryUserAuthenticatorTest, TrustsTheUserInTheQuery) {
  const Authentication who =
      QueryUserAuthenticator(true).Authenticate(From("topic=a&user=caf%C3%A9+1", "localhost:8080"));
  const auto* identity = std::get_if<Identity>(&who);
  ASSERT_NE(identity, nullptr);
  EXPECT_EQ(identity->user_id, "caf\xC3\xA9 1");
  EXPECT_TRUE(AnyMatches(identity->topics, "any"));
  EXPECT_EQ(identity->expires, WallTime::max());
}

TEST(QueryUserAuthenticatorTest, RefusesRequestsWithoutAUsableUser) {
  const std::string_view host = "localhost";
  EXPECT_EQ(Refusal(From("", host)), AuthRefusalReason::kMissing);
  EXPECT_EQ(Refusal(From("User=a", host)), AuthRefusalReason::kMissing);
  const std::string longest = "user=" + std::string(256, 'a');
  EXPECT_EQ(Refusal(From(longest, host)), std::nullopt);
  const std::string too_long = longest + 'a';
  for (const std::string_view query :
       {std::string_view("user="), std::string_view("user=%zz"), std::string_view("user=a%0d%0ab"),
        std::string_view("user=%00"), std::string_view("user=%FF"), std::string_view("user=%C2%85"),
        std::string_view(too_long)}) {
    EXPECT_EQ(Refusal(From(query, host)), AuthRefusalReason::kRequest) << query;
  }
}

TEST(QueryUserAuthenticatorTest, RefusesPagesOfOtherOrigins) {
  EXPECT_EQ(Refusal(FromForeignPage("user=a", "localhost")), AuthRefusalReason::kOrigin);
  EXPECT_EQ(Refusal(FromForeignPage("user=a", "edge.example"), false), AuthRefusalReason::kOrigin);
}

TEST(QueryUserAuthenticatorTest, OnLoopbackANameThatResolvesHereIsRefused) {
  EXPECT_EQ(Refusal(From("user=a", "rebound.example:8080")), AuthRefusalReason::kOrigin);
  EXPECT_EQ(Refusal(From("user=a", "")), AuthRefusalReason::kOrigin);
}

TEST(QueryUserAuthenticatorTest, ToldInsecureItServesEveryHost) {
  EXPECT_EQ(Refusal(From("user=a", "edge.example"), false), std::nullopt);
  EXPECT_EQ(Refusal(From("user=a", ""), false), std::nullopt);
}

TEST(QueryUserAuthenticatorTest, KnowsLoopbackHosts) {
  for (const std::string_view host :
       {"localhost", "localhost:8080", "127.0.0.1", "127.0.0.1:80", "127.255.255.254:8080", "[::1]",
        "[::1]:80", "LocalHost:80", "localhost:"}) {
    EXPECT_TRUE(IsLoopbackHost(host)) << host;
  }
  for (const std::string_view host :
       {"", ":80", "127.0.0.1.evil.example", "127.evil.example", "127.0.0.1.evil.example:80",
        "evil.example", "localhost.evil.example", "evil-localhost", "128.0.0.1", "127.0.0", "127.",
        "127.0.0.1:80:80", "[::2]:80", "[::1", "::1", "[::1].evil.example", "0.0.0.0:80",
        "127.0.0.1:evil", "127.1.2.3.4"}) {
    EXPECT_FALSE(IsLoopbackHost(host)) << host;
  }
}

}  // namespace
}  // namespace sluice::edge
