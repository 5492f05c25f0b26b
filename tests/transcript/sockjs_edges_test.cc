// Two edges of one namespace without sticky sessions: each request of a client goes to another.
#include <csignal>
#include <memory>
#include <string>

#include <gmock/gmock.h>

#include "edge/auth/query_user_authenticator.h"
#include "edge/edge.h"
#include "ingest/memory_log.h"
#include "ingest/nats_name_network.h"
#include "tests/eventually.h"
#include "tests/nats_server.h"
#include "tests/transcript/raw_client.h"

namespace sluice {
namespace {

const std::string kConnect = R"(["CONNECT\naccept-version:1.2\n\n\u0000"])";
const std::string kSubscribe =
    R"(["SUBSCRIBE\nid:1\ndestination:/user/queue\nreceipt:r\n\n\u0000"])";
const std::string kSubscribed = "a[\"RECEIPT\\nreceipt-id:r\\n\\n\\u0000\"]\n";

class SockJsEdgesTest : public testing::Test {
 protected:
  SockJsEdgesTest() : log_(LogOptions(), Clock::System(), *Epoch::Parse("e1")) {
    for (auto& edge : edges_) StartEdge(&edge);
  }
  ~SockJsEdgesTest() override {
    for (auto& edge : edges_) edge.reset();
  }

  void StartEdge(std::unique_ptr<edge::Edge>* edge) {
    NatsOptions nats;
    nats.urls = {server_.url()};
    auto names = ingest::NatsNameNetwork::Create({.options = nats});
    ASSERT_TRUE(names.ok()) << names.status();
    EdgeOptions options;
    options.listen = "127.0.0.1:0";
    options.shards = 2;
    options.stop_grace = std::chrono::seconds(1);
    auto started =
        edge::Edge::Start({.options = options,
                           .retention = {},
                           .authenticator = std::make_unique<edge::QueryUserAuthenticator>(true),
                           .routes = {},
                           .names = *std::move(names)});
    ASSERT_TRUE(started.ok()) << started.status();
    *edge = *std::move(started);
    (*edge)->Follow(&log_);
    // The connection to NATS comes after the start.
    ASSERT_TRUE(
        Eventually([&] { return Request(**edge, "probe", "xhr_send", "[]").status == 404; }));
  }

  static RawClient Begin(const edge::Edge& edge, const std::string& session,
                         const std::string& transport, const std::string& body = "") {
    RawClient client(edge.port());
    client.Send("POST /v1/sockjs/0/" + session + "/" + transport +
                "?user=alice HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n" + body);
    return client;
  }
  static RawResponse Request(const edge::Edge& edge, const std::string& session,
                             const std::string& transport, const std::string& body = "") {
    return Begin(edge, session, transport, body).ReadResponse();
  }
  // The next edge in turn.
  edge::Edge& Next() { return *edges_[turn_++ % 2]; }
  std::string Poll(const std::string& session) { return Request(Next(), session, "xhr").body; }
  int Send(const std::string& session, const std::string& body) {
    return Request(Next(), session, "xhr_send", body).status;
  }
  void Subscribe(const std::string& session) {
    EXPECT_EQ(Poll(session), "o\n");
    EXPECT_EQ(Send(session, kConnect), 204);
    EXPECT_TRUE(Poll(session).starts_with("a[\"CONNECTED\\nversion:1.2\\n"));
    EXPECT_EQ(Send(session, kSubscribe), 204);
    ++turn_;  // else all that asks would go to the one, all that sends to the other
    EXPECT_EQ(Poll(session), kSubscribed);
  }
  void Publish(const std::string& data) {
    log_.Append(
        {.channel = ChannelView::User("alice"), .type = "", .data = data, .idempotency_key = ""},
        [](const absl::StatusOr<ingest::Appended>& appended) {
          EXPECT_TRUE(appended.ok()) << appended.status();
        });
  }
  static double Sessions(const edge::Edge& edge) { return Metric(edge, "sluice_edge_sessions"); }
  static double Metric(const edge::Edge& edge, std::string_view name) {
    double sum = 0;
    for (const auto& family : edge.Collect()) {
      if (family.name != name) continue;
      for (const auto& metric : family.metric) sum += metric.counter.value + metric.gauge.value;
    }
    return sum;
  }

  NatsServer server_;
  ingest::MemoryLog log_;
  std::unique_ptr<edge::Edge> edges_[2];
  size_t turn_ = 0;
};

TEST_F(SockJsEdgesTest, EachRequestMayGoToAnotherEdge) {
  for (int i = 0; i < 10; ++i) {
    const std::string session = "s" + std::to_string(i);
    Subscribe(session);
    for (int n = 0; n < 5; ++n) {
      Publish(session + "-" + std::to_string(n));
      const std::string frame = Poll(session);
      EXPECT_NE(frame.find(session + "-" + std::to_string(n) + "\\u0000"), std::string::npos)
          << frame;
      ++turn_;
    }
  }
  double opened = 0;  // not those that are still there: one that is not polled for 5 s ends
  for (const auto& edge : edges_) opened += Metric(*edge, "sluice_edge_sessions_opened_total");
  EXPECT_EQ(opened, 10);
}

TEST_F(SockJsEdgesTest, AStreamOfAnotherEdgesSessionIsLive) {
  Subscribe("s");
  const edge::Edge& other = Sessions(*edges_[0]) == 1 ? *edges_[1] : *edges_[0];
  ASSERT_EQ(Sessions(other), 0);
  RawClient stream = Begin(other, "s", "xhr_streaming");
  stream.ReadThrough("h\n\r\n");
  for (int i = 0; i < 20; ++i) {
    Publish("event " + std::to_string(i));
    EXPECT_NE(stream.ReadThrough("]\n\r\n").find("event " + std::to_string(i) + "\\u0000"),
              std::string::npos);
  }
  EXPECT_EQ(Poll("s"), "c[2010,\"Another connection still open\"]\n");
  EXPECT_EQ(Poll("s"), "c[2010,\"Another connection still open\"]\n");
  // Its client goes: what was under way to it is lost, and the session says so to whoever comes.
  stream.Close();
  EXPECT_TRUE(Eventually([&] { return Sessions(*edges_[0]) + Sessions(*edges_[1]) == 0; }));
  EXPECT_EQ(Poll("s"), "c[1002,\"Connection interrupted\"]\n");
}

TEST_F(SockJsEdgesTest, NobodyHasItAnywhere) {
  EXPECT_EQ(Send("nobody", "[]"), 404);
  EXPECT_EQ(Send("nobody", "[]"), 404);
  EXPECT_EQ(Poll("a=b~*>"), "o\n");
  EXPECT_EQ(Send("a=b~*>", "[]"), 204);
  EXPECT_EQ(Send("a=b~*>", "[]"), 204);
}

TEST_F(SockJsEdgesTest, AnEdgeThatStopsSaysSoThroughTheOther) {
  Subscribe("s");
  const size_t owner = Sessions(*edges_[0]) == 1 ? 0 : 1;
  RawClient stream = Begin(*edges_[1 - owner], "s", "xhr_streaming");
  stream.ReadThrough("h\n\r\n");
  edges_[owner].reset();
  // Its poll was with the owner, or was on its way between them and found nobody.
  EXPECT_THAT(stream.ReadThrough("0\r\n\r\n"),
              testing::AnyOf(testing::HasSubstr("c[1001,\"shutdown\"]\n"),
                             testing::HasSubstr("c[1002,\"Connection interrupted\"]\n")));
}

TEST_F(SockJsEdgesTest, AnAnswerThatIsLostEndsTheSession) {
  Subscribe("s");
  const size_t owner = Sessions(*edges_[0]) == 1 ? 0 : 1;
  RawClient stream = Begin(*edges_[1 - owner], "s", "xhr_streaming");
  stream.ReadThrough("h\n\r\n");
  server_.Pause();
  Publish("lost");
  // The owner has handed it out; the other never gets it, and says that it is not whole.
  const std::string rest = stream.ReadThrough("0\r\n\r\n");
  EXPECT_NE(rest.find("c[1002,\"Connection interrupted\"]\n"), std::string::npos) << rest;
  EXPECT_EQ(rest.find("lost"), std::string::npos);
  server_.Resume();
}

TEST_F(SockJsEdgesTest, AClaimOutlivesTheLinkToNats) {
  Subscribe("s");
  const size_t owner = Sessions(*edges_[0]) == 1 ? 0 : 1;
  RawClient stream = Begin(*edges_[owner], "s", "xhr_streaming");
  stream.ReadThrough("h\n\r\n");
  server_.Stop(SIGKILL);
  server_.Start();
  EXPECT_TRUE(
      Eventually([&] { return Request(*edges_[1 - owner], "s", "xhr_send", "[]").status == 204; }));
  Publish("after");
  EXPECT_NE(stream.ReadThrough("]\n\r\n").find("after"), std::string::npos);
}

}  // namespace
}  // namespace sluice
