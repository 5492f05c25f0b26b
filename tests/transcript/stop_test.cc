#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "tests/transcript/edge_fixture.h"
#include "tests/transcript/sse_blocks.h"

namespace sluice {
namespace {

class StopTest : public EdgeFixture {};

TEST_F(StopTest, AmidTrafficEveryStreamEndsWithClosingBehindAPrefix) {
  constexpr int kUsers = 5;
  constexpr int kSessionsEach = 4;
  options_.edge.shards = 2;
  StartEdge();
  std::vector<RawClient> clients;
  for (int i = 0; i < kUsers * kSessionsEach; ++i) {
    clients.push_back(Stream("/v1/events?user=" + std::to_string(i % kUsers)));
  }
  std::atomic<bool> publishing = true;
  std::atomic<int> rounds = 0;
  std::thread publisher([&] {
    for (; publishing; ++rounds) {
      for (int user = 0; user < kUsers; ++user) {
        PublishToUser(std::to_string(user), std::to_string(rounds));
      }
    }
  });
  EXPECT_TRUE(Eventually([&] { return rounds > 20; }));
  std::future<void> stopped = std::async(std::launch::async, [&] { StopEdge(); });
  for (RawClient& client : clients) {
    const std::string stream = client.ReadToEnd();
    EXPECT_TRUE(stream.ends_with("event: closing\ndata: {\"reason\":\"shutdown\"}\n\n"));
    EXPECT_FALSE(client.was_reset());
    client.Close();
    const SseTally tally = Tally(stream);
    EXPECT_TRUE(tally.ids_rise);
    EXPECT_EQ(tally.gaps, 0u);
    for (size_t i = 0; i < tally.data.size(); ++i) EXPECT_EQ(tally.data[i], std::to_string(i));
  }
  stopped.get();
  publishing = false;
  publisher.join();
}

TEST_F(StopTest, EndsConnectionsThatHaveNoStream) {
  StartEdge();
  RawClient silent = Connect();
  RawClient half = Connect();
  half.Send("GET /v1/ev");
  AwaitShard();
  StopEdge();
  EXPECT_EQ(silent.ReadToEnd(), "");
  EXPECT_EQ(half.ReadToEnd(), "");
}

TEST_F(StopTest, WaitsForTheAnswerOfARoute) {
  std::promise<edge::HttpRespond> asked;
  routes_.push_back({.method = "GET",
                     .path = "/later",
                     .max_body_bytes = 0,
                     .handler = [&](const edge::HttpRequest&, edge::HttpRespond respond) {
                       asked.set_value(std::move(respond));
                     }});
  StartEdge();
  RawClient client = Get("/later");
  const edge::HttpRespond respond = asked.get_future().get();
  RawClient stream = Stream("/v1/events?user=alice");
  std::future<void> stopped = std::async(std::launch::async, [&] { StopEdge(); });
  EXPECT_TRUE(stream.ReadToEnd().starts_with("event: closing\n"));  // so it is stopping
  stream.Close();
  respond({.status = 200, .content_type = "text/plain", .body = "done", .headers = {}});
  const RawResponse response = client.ReadResponse();
  EXPECT_EQ(response.body, "done");
  EXPECT_EQ(response.Header("Connection"), "close");
  client.Close();
  stopped.get();
}

TEST_F(StopTest, WaitsForAClientThatTakesNothingAtMostTheGraceTime) {
  StartEdge();
  RawClient stuck = Connect(/*receive_buffer_bytes=*/4096);
  stuck.Send("GET /v1/events?user=alice HTTP/1.1\r\nHost: localhost\r\n\r\n");
  Connected(&stuck);
  for (int i = 0; i < 100; ++i) PublishToUser("alice", std::string(64 << 10, 'x'));
  AwaitMetric("sluice_edge_blocked_sessions", 1);
  RawClient witness = Stream("/v1/events?user=bob");
  std::future<void> stopped = std::async(std::launch::async, [&] { StopEdge(); });
  EXPECT_TRUE(witness.ReadToEnd().starts_with("event: closing\n"));
  witness.Close();
  EXPECT_EQ(stopped.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  clock_.Advance(options_.edge.stop_grace);
  stopped.get();
}

TEST_F(StopTest, CanBeSaidTwice) {
  StartEdge();
  edge_->Stop();
  edge_->Stop();
  EXPECT_EQ(Metric("sluice_edge_connections"), 0);
}

TEST_F(StopTest, AnEdgeOnThePortOfTheOneBeforeServes) {
  StartEdge();
  options_.edge.listen = "127.0.0.1:" + std::to_string(edge_->port());
  const std::string id = PublishToUser("alice", "before");
  StopEdge();
  StartEdge();
  RawClient client = Get("/v1/events?user=alice", "Last-Event-ID: e1-0\r\n");
  Connected(&client);
  EXPECT_EQ(Block(&client), "id: " + id + "\nevent: note\ndata: before");
}

TEST_F(StopTest, ADrainEndsSessionsEvenlyAndLetsNoneBegin) {
  options_.edge.drain_window = std::chrono::seconds(10);
  StartEdge();
  constexpr int kSessions = 100;
  std::vector<RawClient> clients;
  for (int i = 0; i < kSessions; ++i) {
    clients.push_back(Stream("/v1/events?user=" + std::to_string(i)));
  }
  const auto drained = edge_->BeginDrain();
  AwaitShard();
  EXPECT_TRUE(Get("/v1/events?user=late")
                  .ReadToEnd()
                  .ends_with("event: closing\ndata: {\"reason\":\"drain\"}\n\n"));
  // Half the time, half the sessions; events still come to those that are left.
  clock_.Advance(std::chrono::seconds(5));
  AwaitMetric("sluice_edge_sessions_closed_total", kSessions / 2, "drain");
  AwaitMetric("sluice_edge_sessions", kSessions / 2);
  for (int i = 0; i < kSessions; ++i) PublishToUser(std::to_string(i), "x");
  AwaitMetric("sluice_edge_events_delivered_total", kSessions / 2);
  clock_.Advance(std::chrono::seconds(5));
  drained->wait();
  AwaitMetric("sluice_edge_sessions_closed_total", kSessions, "drain");
  for (RawClient& client : clients) {
    EXPECT_TRUE(client.ReadToEnd().ends_with("event: closing\ndata: {\"reason\":\"drain\"}\n\n"));
    EXPECT_FALSE(client.was_reset());
  }
}

}  // namespace
}  // namespace sluice
