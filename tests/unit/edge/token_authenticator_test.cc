#include "edge/auth/token_authenticator.h"

#include <optional>
#include <string>
#include <variant>

#include <gtest/gtest.h>

namespace sluice::edge {
namespace {

using Verdict = OriginPolicy::Verdict;

// The token that would be verified; empty if none is taken.
std::string TokenOf(const Credentials& credentials) {
  const auto found = FindToken(credentials);
  const auto* token = std::get_if<std::string>(&found);
  return token == nullptr ? "" : *token;
}

std::optional<AuthRefusalReason> Refusal(const Credentials& credentials) {
  const auto found = FindToken(credentials);
  const auto* refusal = std::get_if<AuthRefusal>(&found);
  return refusal == nullptr ? std::nullopt : std::optional(refusal->reason);
}

Credentials Header(std::string_view value) {
  return {.authorization = value, .cookie = "", .query = "", .host = ""};
}
Credentials InQuery(std::string_view query) {
  return {.authorization = "", .cookie = "", .query = query, .host = ""};
}
Credentials Cookie(std::string_view cookie, Verdict origin) {
  return {.authorization = "", .cookie = cookie, .query = "", .host = "", .origin = origin};
}

TEST(TokenAuthenticatorTest, TakesABearerTokenOfTheHeader) {
  EXPECT_EQ(TokenOf(Header("Bearer abc")), "abc");
  EXPECT_EQ(TokenOf(Header("bearer  abc")), "abc");
  for (const std::string_view value : {"Basic abc", "Bearer", "Bearerabc", "abc", "repeated"}) {
    EXPECT_EQ(Refusal(Header(value)), AuthRefusalReason::kMalformed) << value;
  }
}

TEST(TokenAuthenticatorTest, TakesATokenOfTheQuery) {
  EXPECT_EQ(TokenOf(InQuery("topic=a&access_token=abc")), "abc");
  EXPECT_EQ(TokenOf(InQuery("access_token=a%2Eb")), "a.b");
  EXPECT_EQ(Refusal(InQuery("access_token=a&access_token=b")), AuthRefusalReason::kMalformed);
  EXPECT_EQ(Refusal(InQuery("access_token=%zz")), AuthRefusalReason::kRequest);
  EXPECT_EQ(Refusal(InQuery("user=alice")), AuthRefusalReason::kMissing);
}

TEST(TokenAuthenticatorTest, TheHeaderWinsOverTheQueryAndTheQueryOverTheCookie) {
  Credentials all = Header("Bearer h");
  all.query = "access_token=q";
  all.cookie = "sluice_token=c";
  all.origin = Verdict::kSame;
  EXPECT_EQ(TokenOf(all), "h");
  all.authorization = "";
  EXPECT_EQ(TokenOf(all), "q");
  all.query = "";
  EXPECT_EQ(TokenOf(all), "c");
}

TEST(TokenAuthenticatorTest, ReadsTheCookieAmongOthers) {
  for (const std::string_view cookie :
       {"sluice_token=abc", "a=b; sluice_token=abc", "sluice_token=abc; a=b",
        "a=sluice_token=x;sluice_token=abc", "flag; sluice_token=abc ;"}) {
    EXPECT_EQ(TokenOf(Cookie(cookie, Verdict::kSame)), "abc") << cookie;
  }
  for (const std::string_view cookie :
       {"", "sluice_token", "Sluice_Token=abc", "xsluice_token=a"}) {
    EXPECT_EQ(Refusal(Cookie(cookie, Verdict::kSame)), AuthRefusalReason::kMissing) << cookie;
  }
  EXPECT_EQ(Refusal(Cookie("sluice_token=a; sluice_token=b", Verdict::kSame)),
            AuthRefusalReason::kMalformed);
}

TEST(TokenAuthenticatorTest, TheCookieCountsOnlyForPagesKnownToBeOurs) {
  const std::string_view cookie = "sluice_token=abc";
  EXPECT_EQ(TokenOf(Cookie(cookie, Verdict::kSame)), "abc");
  EXPECT_EQ(TokenOf(Cookie(cookie, Verdict::kAllowed)), "abc");
  EXPECT_EQ(Refusal(Cookie(cookie, Verdict::kForeign)), AuthRefusalReason::kOrigin);
  EXPECT_EQ(Refusal(Cookie(cookie, Verdict::kNone)), AuthRefusalReason::kOrigin);
  Credentials same_origin_get = Cookie(cookie, Verdict::kNone);
  same_origin_get.is_same_origin_fetch = true;
  EXPECT_EQ(TokenOf(same_origin_get), "abc");
}

}  // namespace
}  // namespace sluice::edge
