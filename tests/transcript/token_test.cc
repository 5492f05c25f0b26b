// Who is let in with a token, what such a session may see, and when it ends.
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "tests/transcript/token_fixture.h"

namespace sluice {
namespace {

namespace json = boost::json;
using std::chrono_literals::operator""s;

using TokenTest = TokenFixture;

TEST_F(TokenTest, EveryCarrierIsTaken) {
  options_.edge.allowed_origins = {"https://app.example"};
  StartEdge();
  const std::string cookie = "Cookie: a=b; sluice_token=" + Token() + "\r\n";
  const auto expect_alice = [this](const std::string& target, const std::string& headers) {
    RawClient client = Get(target, headers);
    EXPECT_NE(Connected(&client).find(R"("userId":"alice")"), std::string::npos) << headers;
  };
  expect_alice("/v1/events", Bearer());
  expect_alice("/v1/events?access_token=" + Token(), "");
  expect_alice("/v1/events", cookie + "Origin: https://app.example\r\n");
  expect_alice("/v1/events", cookie + "Origin: http://localhost\r\n");
  expect_alice("/v1/events", cookie + "Sec-Fetch-Site: same-origin\r\n");
}

TEST_F(TokenTest, NobodyIsLetInWithoutOne) {
  StartEdge();
  for (const std::string& target :
       {std::string("/v1/events"), std::string("/v1/events?user=alice"),
        std::string("/v1/events?access_token="), "/v1/events?access_token=" + Token() + "x"}) {
    const RawResponse response = Get(target).ReadResponse();
    EXPECT_EQ(response.status, 401) << target;
    EXPECT_EQ(response.Header("WWW-Authenticate"), "Bearer") << target;
  }
  EXPECT_EQ(Get("/v1/events", Bearer() + Bearer()).ReadResponse().status, 401);
  AwaitMetric("sluice_edge_auth_failures_total", 2, "missing");
  AwaitMetric("sluice_edge_auth_failures_total", 2, "malformed");
  AwaitMetric("sluice_edge_auth_failures_total", 1, "signature");
}

TEST_F(TokenTest, ACookieOfAnotherPageIsRefused) {
  options_.edge.allowed_origins = {"https://good.example"};
  StartEdge();
  const std::string cookie = "Cookie: sluice_token=" + Token() + "\r\n";
  for (const std::string_view headers :
       {"", "Sec-Fetch-Site: cross-site\r\n", "Sec-Fetch-Site: same-site\r\n", "Origin: null\r\n",
        "Origin: https://evil.example\r\n", "Origin: https://good.example.evil.example\r\n",
        "Origin: http://good.example\r\n", "Origin: https://good.example:444\r\n"}) {
    const RawResponse response = Get("/v1/events", cookie + std::string(headers)).ReadResponse();
    EXPECT_EQ(response.status, 403) << headers;
    EXPECT_EQ(response.Header("Access-Control-Allow-Origin"), "") << headers;
  }
  AwaitMetric("sluice_edge_auth_failures_total", 8, "origin");
}

TEST_F(TokenTest, OnlyGrantedTopicsMayBeFollowed) {
  StartEdge();
  RawClient client = Stream("/v1/events?topic=dashboards.sales", Bearer());
  Publish(ChannelView::Topic("dashboards.sales"), "", "1");
  EXPECT_EQ(Block(&client), "id: e1-1\ndata: 1");
  for (const std::string_view topic : {"news", "dashboards.", "dashboards", "*"}) {
    const std::string target = "/v1/events?topic=dashboards.sales&topic=" + std::string(topic);
    EXPECT_EQ(Get(target, Bearer()).ReadResponse().status, 403) << topic;
  }
}

TEST_F(TokenTest, TheStreamEndsWhenTheTokenDoes) {
  StartEdge();
  RawClient client = Stream("/v1/events", Bearer(60s));
  PublishToUser("alice", "before");
  EXPECT_EQ(Block(&client), "id: e1-1\nevent: note\ndata: before");
  clock_.Advance(59s);
  AwaitShard();
  clock_.Advance(2s);
  std::string rest = client.ReadToEnd();
  EXPECT_TRUE(rest.ends_with("event: closing\ndata: {\"reason\":\"expired\"}\n\n")) << rest;
  EXPECT_FALSE(client.was_reset());
  AwaitMetric("sluice_edge_sessions_closed_total", 1, "expired");
  EXPECT_EQ(Get("/v1/events", Bearer(-1s)).ReadResponse().status, 401);
  AwaitMetric("sluice_edge_auth_failures_total", 1, "expired");
}

TEST_F(TokenTest, ATokenWithoutEndNeverEndsTheStream) {
  options_.edge.heartbeat_interval = std::chrono::hours(1);
  StartEdge();
  RawClient client = Stream("/v1/events", Bearer(std::chrono::hours(24 * 365 * 100)));
  clock_.Advance(std::chrono::minutes(30));
  AwaitShard();
  PublishToUser("alice", "later");
  EXPECT_EQ(Block(&client), "id: e1-1\nevent: note\ndata: later");
}

TEST_F(TokenTest, ARevokedTokenEndsItsStreamAndIsRefused) {
  StartEdge();
  RawClient client = Stream("/v1/events", Bearer());
  Publish(ChannelView::Topic(kRevocationsTopic), kRevokedTokenType, "another");
  Publish(ChannelView::Topic(kRevocationsTopic), "nonsense", "t1");
  PublishToUser("alice", "still here");
  EXPECT_EQ(Block(&client), "id: e1-3\nevent: note\ndata: still here");
  Publish(ChannelView::Topic(kRevocationsTopic), kRevokedTokenType, "t1");
  EXPECT_EQ(client.ReadToEnd(), "event: closing\ndata: {\"reason\":\"revoked\"}\n\n");
  AwaitMetric("sluice_edge_sessions_closed_total", 1, "revoked");
  EXPECT_EQ(Get("/v1/events", Bearer()).ReadResponse().status, 401);
  AwaitMetric("sluice_edge_auth_failures_total", 1, "revoked");
}

TEST_F(TokenTest, ARevokedUserComesBackWithANewTokenAlone) {
  StartEdge();
  const std::string old_token = Bearer();
  RawClient first = Stream("/v1/events", old_token);
  RawClient second = Stream("/v1/events", old_token);
  Publish(ChannelView::Topic(kRevocationsTopic), kRevokedUserType, "bob");
  Publish(ChannelView::Topic(kRevocationsTopic), kRevokedUserType, "alice");
  for (RawClient* client : {&first, &second}) {
    EXPECT_EQ(client->ReadToEnd(), "event: closing\ndata: {\"reason\":\"revoked\"}\n\n");
  }
  EXPECT_EQ(Get("/v1/events", old_token).ReadResponse().status, 401);
  clock_.Advance(2s);
  RawClient third = Stream("/v1/events", Bearer());
  PublishToUser("alice", "x");
  EXPECT_EQ(Block(&third), "id: e1-3\nevent: note\ndata: x");
}

TEST_F(TokenTest, WhatALogThatBeganAnewSaysEndsThoseThatAreThere) {
  StartEdgeWithoutLog();
  const auto revoked_at = clock_.Wall();
  const auto begin = [this](const char* epoch) { edge_->OnEpoch(*Epoch::Parse(epoch), 1); };
  const auto revoke = [&] {
    EventBatch batch;
    batch.events.emplace_back(1, ChannelView::Topic(kRevocationsTopic), kRevokedUserType, "alice",
                              Event::Times{revoked_at, clock_.Steady()});
    edge_->OnEvents(std::make_shared<const EventBatch>(std::move(batch)));
  };
  begin("e1");
  edge_->OnHead(0);
  RawClient old_stream = Stream("/v1/events", Bearer());
  clock_.Advance(2s);
  RawClient new_stream = Stream("/v1/events", Bearer());
  begin("e2");
  revoke();  // before the edge has caught up
  EXPECT_TRUE(old_stream.ReadToEnd().ends_with("data: {\"reason\":\"revoked\"}\n\n"));
  edge_->OnHead(1);
  EXPECT_TRUE(Block(&new_stream).find("event: gap") != std::string::npos);
  AwaitMetric("sluice_edge_sessions", 1);
}

TEST_F(TokenTest, AnEdgeThatStartsKnowsWhatTheLogRetains) {
  StartEdge();
  Publish(ChannelView::Topic(kRevocationsTopic), kRevokedTokenType, "t1");
  StopEdge();
  StartEdge();
  EXPECT_EQ(Get("/v1/events", Bearer()).ReadResponse().status, 401);
}

TEST_F(TokenTest, NobodyFollowsWhatIsRevoked) {
  make_authenticator_ = [] { return std::make_unique<edge::QueryUserAuthenticator>(true); };
  StartEdge();
  EXPECT_EQ(Get("/v1/events?user=a&topic=%01revocations").ReadResponse().status, 400);
}

}  // namespace
}  // namespace sluice
