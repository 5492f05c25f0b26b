// A stream that goes on past the end of its token, because it was given a new one.
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "tests/transcript/token_fixture.h"

namespace sluice {
namespace {

namespace json = boost::json;
using std::chrono_literals::operator""s;

class RenewalTest : public TokenFixture {
 protected:
  // A stream with `token`, and how `connected` named it.
  struct Named {
    RawClient stream;
    std::string id;
  };
  Named Begin(const std::string& token, std::string_view query = "") {
    RawClient stream = Get("/v1/events" + std::string(query), BearerOf(token));
    const std::string block = Connected(&stream);
    const json::value data = json::parse(block.substr(block.find("data: ") + 6));
    return {std::move(stream), std::string(data.at("connectionId").as_string())};
  }
  RawResponse Post(const std::string& body, const std::string& headers) {
    RawClient client = Connect();
    client.Send("POST /v1/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body);
    return client.ReadResponse();
  }
  RawResponse Renew(const std::string& id, const std::string& token) {
    return Post(R"({"connectionId":")" + id + R"("})", BearerOf(token));
  }
};

TEST_F(RenewalTest, TheStreamLivesUntilTheNewTokenExpires) {
  StartEdge();
  Named named = Begin(Token(60s));
  clock_.Advance(50s);
  AwaitShard();
  const std::string renewed = Token(120s);
  const RawResponse response = Renew(named.id, renewed);
  EXPECT_EQ(response.status, 200) << response.body;
  const auto expires =
      std::chrono::floor<std::chrono::seconds>((clock_.Wall() + 120s).time_since_epoch());
  EXPECT_EQ(json::parse(response.body), (json::object{{"expires", expires.count()}}));
  AwaitMetric("sluice_edge_sessions_renewed_total", 1);

  clock_.Advance(60s);  // past the end of the first token
  PublishToUser("alice", "x");
  EXPECT_NE(named.stream.ReadThrough("data: x\n\n").find("event: note"), std::string::npos);
  clock_.Advance(61s);
  EXPECT_TRUE(named.stream.ReadToEnd().ends_with("data: {\"reason\":\"expired\"}\n\n"));
}

TEST_F(RenewalTest, ItsRevocationFollowsTheNewToken) {
  StartEdge();
  Named named = Begin(Token(60s));
  EXPECT_EQ(Renew(named.id, TokenWith({{"jti", "t2"}})).status, 200);
  RevokeToken("t1");
  RevokeToken("t2");
  EXPECT_TRUE(named.stream.ReadToEnd().ends_with("data: {\"reason\":\"revoked\"}\n\n"));
  EXPECT_EQ(Metric("sluice_edge_sessions_closed_total", "revoked"), 1);
}

TEST_F(RenewalTest, ARevokedTokenRenewsNothing) {
  StartEdge();
  const Named named = Begin(TokenWith({{"jti", "t2"}}));
  Named other = Begin(Token());
  RevokeToken("t1");
  EXPECT_TRUE(other.stream.ReadToEnd().ends_with("data: {\"reason\":\"revoked\"}\n\n"));
  EXPECT_EQ(Renew(named.id, Token()).status, 401);
}

TEST_F(RenewalTest, NobodyElseRenewsIt) {
  StartEdge();
  const Named named = Begin(Token(60s));
  EXPECT_EQ(Renew(named.id, TokenWith({{"sub", "bob"}})).status, 404);
  std::string guessed = named.id;
  guessed.back() = guessed.back() == '0' ? '1' : '0';
  EXPECT_EQ(Renew(guessed, Token()).status, 404);
  EXPECT_EQ(Renew("0-0-9999-1", Token()).status, 404);
  EXPECT_EQ(Renew("0-77-0-1", Token()).status, 404);
  EXPECT_EQ(Renew("ab-0-0-1", Token()).status, 404);  // another edge, and there is none
  EXPECT_EQ(Metric("sluice_edge_sessions_renewed_total"), 0);
}

TEST_F(RenewalTest, AnEndedStreamIsNotRenewed) {
  StartEdge();
  Named named = Begin(Token(60s));
  clock_.Advance(61s);
  named.stream.ReadToEnd();
  AwaitShard();
  EXPECT_EQ(Renew(named.id, Token()).status, 404);
}

TEST_F(RenewalTest, TheNewTokenMustGrantWhatTheStreamFollows) {
  StartEdge();
  const Named named = Begin(Token(60s), "?topic=dashboards.cpu");
  EXPECT_EQ(Renew(named.id, TokenWith({{"topics", json::array()}})).status, 403);
  EXPECT_EQ(Renew(named.id, TokenWith({{"topics", {"dashboards.cpu"}}})).status, 200);
}

TEST_F(RenewalTest, WhatIsNoRenewalIsRefused) {
  StartEdge();
  const Named named = Begin(Token(60s));
  const std::string body = R"({"connectionId":")" + named.id + R"("})";
  EXPECT_EQ(Post(body, "").status, 401);
  const std::string expired = BearerOf(Token(5s));
  clock_.Advance(40s);
  AwaitShard();
  EXPECT_EQ(Post(body, expired).status, 401);
  for (const char* broken : {"", "x", "{}", R"({"connectionId":1})", R"({"connectionId":""})",
                             R"({"connectionId":"0-0-0"})", R"({"connectionId":"0-0-0-1-2"})",
                             R"({"connectionId":"0--1-0-1"})", R"({"connectionId":"../-0-0-1"})",
                             R"({"connectionId":"0-0-0-1","connectionId":"0-0-0-1"})"}) {
    EXPECT_EQ(Post(broken, Bearer()).status, 400) << broken;
  }
  EXPECT_EQ(Post(std::string(1025, ' '), Bearer()).status, 413);
  const RawResponse got = Get("/v1/token", Bearer()).ReadResponse();
  EXPECT_EQ(got.status, 405);
  EXPECT_EQ(got.Header("Allow"), "POST, OPTIONS");
}

TEST_F(RenewalTest, APageOfAnAllowedOriginMayAsk) {
  options_.edge.allowed_origins = {"https://app.example"};
  StartEdge();
  const Named named = Begin(Token(60s));
  const std::string body = R"({"connectionId":")" + named.id + R"("})";
  const std::string ours = "Origin: https://app.example\r\n";
  const std::string cookie = "Cookie: sluice_token=" + Token() + "\r\n";

  RawClient client = Connect();
  client.Send("OPTIONS /v1/token HTTP/1.1\r\nHost: localhost\r\n" + ours + "\r\n");
  const RawResponse preflight = client.ReadResponse();
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.Header("Access-Control-Allow-Methods"), "POST");
  EXPECT_EQ(preflight.Header("Access-Control-Allow-Headers"), "Authorization, Content-Type");

  const RawResponse allowed = Post(body, ours + cookie);
  EXPECT_EQ(allowed.status, 200) << allowed.body;
  EXPECT_EQ(allowed.Header("Access-Control-Allow-Origin"), "https://app.example");
  EXPECT_EQ(allowed.Header("Access-Control-Allow-Credentials"), "true");
  EXPECT_EQ(Post(body, "Origin: https://evil.example\r\n" + cookie).status, 403);
  EXPECT_EQ(Post(body, cookie).status, 403);  // no page, or one that does not say which
}

TEST_F(RenewalTest, AStreamWithoutAnEndHasNoName) {
  make_authenticator_ = [] { return std::make_unique<edge::QueryUserAuthenticator>(true); };
  StartEdge();
  RawClient stream = Get("/v1/events?user=alice");
  EXPECT_EQ(Connected(&stream).find("connectionId"), std::string::npos);
}

}  // namespace
}  // namespace sluice
