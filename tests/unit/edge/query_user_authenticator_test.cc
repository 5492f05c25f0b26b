#include "edge/auth/query_user_authenticator.h"

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
  credentials.foreign_origin = true;
  return credentials;
}

absl::StatusCode CodeFor(const Credentials& credentials, bool only_loopback_hosts = true) {
  return QueryUserAuthenticator(only_loopback_hosts).Authenticate(credentials).status().code();
}

TEST(QueryUserAuthenticatorTest, TrustsTheUserInTheQuery) {
  const auto identity =
      QueryUserAuthenticator(true).Authenticate(From("topic=a&user=caf%C3%A9+1", "localhost:8080"));
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(identity->user_id, "caf\xC3\xA9 1");
  EXPECT_TRUE(identity->all_topics);
}

TEST(QueryUserAuthenticatorTest, RefusesRequestsWithoutAUsableUser) {
  const std::string_view host = "localhost";
  EXPECT_EQ(CodeFor(From("", host)), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(CodeFor(From("User=a", host)), absl::StatusCode::kUnauthenticated);
  const std::string longest = "user=" + std::string(256, 'a');
  EXPECT_EQ(CodeFor(From(longest, host)), absl::StatusCode::kOk);
  const std::string too_long = longest + 'a';
  for (const std::string_view query :
       {std::string_view("user="), std::string_view("user=%zz"), std::string_view("user=a%0d%0ab"),
        std::string_view("user=%00"), std::string_view("user=%FF"), std::string_view("user=%C2%85"),
        std::string_view(too_long)}) {
    EXPECT_EQ(CodeFor(From(query, host)), absl::StatusCode::kInvalidArgument) << query;
  }
}

TEST(QueryUserAuthenticatorTest, RefusesPagesOfOtherOrigins) {
  EXPECT_EQ(CodeFor(FromForeignPage("user=a", "localhost")), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(CodeFor(FromForeignPage("user=a", "edge.example"), false),
            absl::StatusCode::kPermissionDenied);
}

TEST(QueryUserAuthenticatorTest, OnLoopbackANameThatResolvesHereIsRefused) {
  EXPECT_EQ(CodeFor(From("user=a", "rebound.example:8080")), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(CodeFor(From("user=a", "")), absl::StatusCode::kPermissionDenied);
}

TEST(QueryUserAuthenticatorTest, ToldInsecureItServesEveryHost) {
  EXPECT_EQ(CodeFor(From("user=a", "edge.example"), false), absl::StatusCode::kOk);
  EXPECT_EQ(CodeFor(From("user=a", ""), false), absl::StatusCode::kOk);
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
