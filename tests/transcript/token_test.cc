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
  RevokeToken("another");
  PublishToUser("alice", "still here");
  EXPECT_EQ(Block(&client), "id: e1-1\nevent: note\ndata: still here");
  RevokeToken("t1");
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
  RevokeUser("bob");
  RevokeUser("alice");
  for (RawClient* client : {&first, &second}) {
    EXPECT_EQ(client->ReadToEnd(), "event: closing\ndata: {\"reason\":\"revoked\"}\n\n");
  }
  EXPECT_EQ(Get("/v1/events", old_token).ReadResponse().status, 401);
  clock_.Advance(2s);
  RawClient third = Stream("/v1/events", Bearer());
  PublishToUser("alice", "x");
  EXPECT_EQ(Block(&third), "id: e1-1\nevent: note\ndata: x");
}

// A log that says what the test tells it.
class ScriptedLog final : public ingest::EventLog {
 public:
  void Append(const ingest::AppendRequest&, ingest::AppendDone) override { FAIL(); }
  std::unique_ptr<ingest::Tail> OpenTail(ingest::TailSink* sink) override {
    sink_ = sink;
    return std::make_unique<SilentTail>();
  }
  ingest::TailSink& sink() { return *sink_; }

 private:
  class SilentTail final : public ingest::Tail {
    void RequestHead() override {}
  };
  ingest::TailSink* sink_ = nullptr;
};

class RevocationLogTest : public TokenTest {
 protected:
  void StartEdgeOnScript() {
    log_ = std::make_unique<ingest::MemoryLog>(options_.log, clock_, *Epoch::Parse("e1"));
    StartEdgeWithoutLog();
    edge_->Follow(log_.get(), &revocations_log_);
  }
  void SayRevoked(const ChannelView& what) {
    EventBatch batch;
    batch.events.emplace_back(1, what, "", "", Event::Times{clock_.Wall(), clock_.Steady()});
    sink().OnEvents(std::make_shared<const EventBatch>(std::move(batch)));
  }
  ingest::TailSink& sink() { return revocations_log_.sink(); }
  void TearDown() override { StopEdge(); }

 private:
  ScriptedLog revocations_log_;
};

TEST_F(RevocationLogTest, NoSessionBeginsBeforeItIsKnown) {
  StartEdgeOnScript();
  RawClient revoked = Get("/v1/events", Bearer());
  RawClient good = Get("/v1/events", BearerOf(TokenWith({{"jti", "t2"}})));
  AwaitShard();
  EXPECT_FALSE(edge_->is_caught_up());
  EXPECT_EQ(Metric("sluice_edge_sessions"), 0);
  sink().OnEpoch(*Epoch::Parse("r1"), 1);
  SayRevoked(ChannelView::Topic("t1"));
  sink().OnHead(1);
  EXPECT_EQ(revoked.ReadResponse().status, 401);
  EXPECT_TRUE(good.ReadThrough("event: connected\n").starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(edge_->is_caught_up());
}

TEST_F(RevocationLogTest, WhatIsRevokedStaysSoWhenItBeginsAnew) {
  StartEdgeOnScript();
  SayRevoked(ChannelView::User("alice"));
  sink().OnEpoch(*Epoch::Parse("r2"), 1);
  sink().OnHead(0);
  EXPECT_EQ(Get("/v1/events", Bearer()).ReadResponse().status, 401);
}

TEST_F(TokenTest, AnEdgeThatStartsKnowsWhatTheLogRetains) {
  StartEdge();
  RevokeToken("t1");
  StopEdge();
  StartEdge();
  EXPECT_EQ(Get("/v1/events", Bearer()).ReadResponse().status, 401);
}

}  // namespace
}  // namespace sluice
