#include <charconv>
#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "tests/transcript/edge_fixture.h"

namespace sluice {
namespace {

using std::chrono::seconds;

class SseTimingTest : public EdgeFixture {
 protected:
  // The milliseconds of the retry block that a stream begins with.
  int RetryOf(RawClient* client) {
    client->ReadThrough("\r\n\r\n");
    const std::string block = Block(client);
    EXPECT_TRUE(block.starts_with("retry: ")) << block;
    int milliseconds = 0;
    std::from_chars(block.data() + 7, block.data() + block.size(), milliseconds);
    return milliseconds;
  }
};

TEST_F(SseTimingTest, RetryIsJitteredByAQuarter) {
  StartEdge();
  std::set<int> retries;
  for (int i = 0; i < 40; ++i) {
    RawClient client = Get("/v1/events?user=alice");
    const int retry = RetryOf(&client);
    EXPECT_GE(retry, 1500);
    EXPECT_LE(retry, 2500);
    retries.insert(retry);
  }
  EXPECT_GT(retries.size(), 10u);
  EXPECT_LT(*retries.begin(), 1900);
  EXPECT_GT(*retries.rbegin(), 2100);
}

TEST_F(SseTimingTest, TheQuietIsCountedFromTheLastBytesOfEachStream) {
  StartEdge();
  RawClient alice = Stream("/v1/events?user=alice");
  RawClient bob = Stream("/v1/events?user=bob");
  clock_.Advance(seconds(10));
  PublishToUser("alice", "at 10 s");
  Block(&alice);
  clock_.Advance(seconds(6));
  EXPECT_EQ(Block(&bob), "id: e1-1");  // at 16 s
  EXPECT_FALSE(alice.HasInput());
  clock_.Advance(seconds(10));
  EXPECT_EQ(Block(&alice), "id: e1-1");  // at 26 s
  EXPECT_FALSE(bob.HasInput());
  EXPECT_EQ(Metric("sluice_edge_heartbeats_total"), 2);
}

TEST_F(SseTimingTest, AHeartbeatMovesTheCursorPastWhatIsNotForTheStream) {
  StartEdge();
  RawClient alice = Stream("/v1/events?user=alice");
  for (int i = 1; i <= 3; ++i) {
    PublishToUser("bob", "not for alice");
    AwaitEvents(i);
    clock_.Advance(seconds(16));
    EXPECT_EQ(Block(&alice), "id: e1-" + std::to_string(i));
  }
  // It can be resumed from, long after the events have gone.
  clock_.Advance(std::chrono::minutes(6));
  AwaitEvents(0);
  RawClient again = Get("/v1/events?user=alice", "Last-Event-ID: e1-3\r\n");
  EXPECT_NE(Connected(&again).find("\"resumed\":true"), std::string::npos);
}

TEST_F(SseTimingTest, AStreamEndsAtItsMaximumAgeGiveOrTakeATenth) {
  options_.edge.max_session_age = seconds(100);
  options_.edge.heartbeat_interval = std::chrono::hours(1);
  StartEdge();
  std::vector<RawClient> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(Stream("/v1/events?user=alice"));
  clock_.Advance(seconds(89));
  AwaitShard();
  for (const RawClient& client : clients) EXPECT_FALSE(client.HasInput());
  clock_.Advance(seconds(22));
  for (RawClient& client : clients) {
    EXPECT_EQ(client.ReadToEnd(), "event: closing\ndata: {\"reason\":\"max-age\"}\n\n");
    EXPECT_FALSE(client.was_reset());
  }
  EXPECT_EQ(Metric("sluice_edge_sessions_closed_total", "max-age"), 20);
}

TEST_F(SseTimingTest, MaximumAgesAreSpread) {
  options_.edge.max_session_age = seconds(1000);
  options_.edge.heartbeat_interval = std::chrono::hours(1);
  StartEdge();
  std::vector<RawClient> clients;
  for (int i = 0; i < 40; ++i) clients.push_back(Stream("/v1/events?user=alice"));
  clock_.Advance(seconds(1000));
  AwaitShard();
  EXPECT_TRUE(
      Eventually([&] { return Metric("sluice_edge_sessions_closed_total", "max-age") > 0; }));
  EXPECT_LT(Metric("sluice_edge_sessions_closed_total", "max-age"), 40);
  clock_.Advance(seconds(102));
  AwaitMetric("sluice_edge_sessions_closed_total", 40, "max-age");
}

TEST_F(SseTimingTest, AnOldBusyStreamEndsToo) {
  options_.edge.max_session_age = seconds(20);
  StartEdge();
  RawClient alice = Stream("/v1/events?user=alice");
  for (int i = 0; i < 4; ++i) {
    PublishToUser("alice", "busy");
    EXPECT_EQ(Block(&alice).substr(0, 5), "id: e");
    clock_.Advance(seconds(4));
  }
  clock_.Advance(seconds(7));
  EXPECT_TRUE(alice.ReadToEnd().ends_with("event: closing\ndata: {\"reason\":\"max-age\"}\n\n"));
}

}  // namespace
}  // namespace sluice
