#include <sys/socket.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/transcript/edge_fixture.h"
#include "tests/transcript/sse_blocks.h"

namespace sluice {
namespace {

constexpr int kSmallBuffer = 4096;
constexpr size_t kEventBytes = 32 << 10;

// `number` and enough behind it to fill buffers.
std::string Large(int number) {
  return std::to_string(number) + ' ' + std::string(kEventBytes, 'x');
}

class SlowReaderTest : public EdgeFixture {
 protected:
  // A stream whose client takes next to nothing.
  RawClient SlowStream(std::string_view user) {
    RawClient client = Connect(kSmallBuffer);
    client.Send("GET /v1/events?user=" + std::string(user) +
                " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    Connected(&client);
    return client;
  }
  // Events to alice, 1 to `count`, as fast as `brisk` takes them.
  void PublishAndRead(int count, RawClient* brisk) {
    for (int i = 1; i <= count; ++i) {
      PublishToUser("alice", Large(i));
      const std::string block = Block(brisk);
      ASSERT_EQ(block.substr(0, block.find(' ', block.find("data: ") + 6)),
                "id: e1-" + std::to_string(i) + "\nevent: note\ndata: " + std::to_string(i));
    }
  }
  // Of 500 events a slow session gets what its socket had taken, one gap, and then live.
  void ExpectOneGapAndThenLive() {
    StartEdge();
    RawClient slow = SlowStream("alice");
    RawClient brisk = Stream("/v1/events?user=alice");
    constexpr int kEvents = 500;
    PublishAndRead(kEvents, &brisk);
    AwaitMetric("sluice_edge_blocked_sessions", 1);

    std::string stream = slow.ReadThrough("event: gap\n");
    stream += slow.ReadThrough("\n\n");
    EXPECT_NE(stream.find("\"reason\":\"overflow\""), std::string::npos);
    EXPECT_NE(stream.find("\"resumeAt\":\"e1-500\""), std::string::npos);
    PublishToUser("alice", "live");
    stream += slow.ReadThrough("data: live\n\n");
    const SseTally tally = Tally(stream);
    EXPECT_EQ(tally.gaps, 1u);
    EXPECT_TRUE(tally.ids_rise);
    ASSERT_EQ(tally.data.size(), tally.events_before_gap + 1);
    EXPECT_LT(tally.events_before_gap, 500u);
    for (size_t i = 0; i < tally.events_before_gap; ++i) {
      EXPECT_TRUE(tally.data[i] == Large(static_cast<int>(i) + 1)) << i;
    }
    EXPECT_EQ(Metric("sluice_edge_gaps_total", "overflow"), 1);
  }
};

TEST_F(SlowReaderTest, HoldsUpNobodyCostsOneFrameAndMissesNothingWithinRetention) {
  StartEdge();
  RawClient slow = SlowStream("alice");
  RawClient brisk = Stream("/v1/events?user=alice");
  constexpr int kEvents = 500;  // 16 MB
  PublishAndRead(kEvents, &brisk);
  AwaitMetric("sluice_edge_blocked_sessions", 1);
  EXPECT_LE(Metric("sluice_edge_unsent_bytes"), kEventBytes + 100);

  PublishToUser("alice", "end");
  const SseTally tally = Tally(slow.ReadThrough("data: end\n\n"));
  EXPECT_EQ(tally.gaps, 0u);
  EXPECT_TRUE(tally.ids_rise);
  ASSERT_EQ(tally.data.size(), kEvents + 1u);
  for (int i = 1; i <= kEvents; ++i) EXPECT_TRUE(tally.data[i - 1] == Large(i)) << i;
  AwaitMetric("sluice_edge_blocked_sessions", 0);
  EXPECT_EQ(Metric("sluice_edge_unsent_bytes"), 0);
}

TEST_F(SlowReaderTest, BehindTheRetentionGetsOneGapAndThenLive) {
  options_.log.retention.max_bytes = 2 << 20;
  ExpectOneGapAndThenLive();
}

TEST_F(SlowReaderTest, BehindWhatItsChannelRetainsGetsOneGapAndThenLive) {
  options_.log.retention.max_events_per_channel = 64;
  ExpectOneGapAndThenLive();
}

TEST_F(SlowReaderTest, ThatReadsAFewOctetsAtATimeGetsEverythingWhole) {
  StartEdge();
  RawClient slow = SlowStream("alice");
  for (int i = 1; i <= 20; ++i) PublishToUser("alice", Large(i));
  PublishToUser("alice", "end");
  std::string stream;
  while (!stream.ends_with("data: end\n\n")) {
    char octets[700];
    const ssize_t n = recv(slow.fd(), octets, sizeof(octets), 0);
    ASSERT_GT(n, 0);
    stream.append(octets, static_cast<size_t>(n));
  }
  const SseTally tally = Tally(stream);
  ASSERT_EQ(tally.data.size(), 21u);
  for (int i = 1; i <= 20; ++i) EXPECT_TRUE(tally.data[i - 1] == Large(i)) << i;
}

TEST_F(SlowReaderTest, TheSlowestIsEndedFirstWhileMemoryIsCritical) {
  StartEdge();
  RawClient slowest = SlowStream("alice");
  RawClient brisk = Stream("/v1/events?user=alice");
  PublishAndRead(300, &brisk);
  AwaitMetric("sluice_edge_blocked_sessions", 1);
  clock_.Advance(std::chrono::seconds(5));
  RawClient slow = Connect(kSmallBuffer);
  slow.Send("GET /v1/events?user=alice&from=earliest HTTP/1.1\r\nHost: localhost\r\n\r\n");
  AwaitMetric("sluice_edge_blocked_sessions", 2);

  edge_->SetMemoryLevel(edge::MemoryLevel::kCritical);
  AwaitMetric("sluice_edge_sessions_closed_total", 1, "slow");
  slowest.ReadToEnd();  // that one
  AwaitShard();
  EXPECT_EQ(Metric("sluice_edge_blocked_sessions"), 1);
  edge_->SetMemoryLevel(edge::MemoryLevel::kCritical);
  AwaitMetric("sluice_edge_sessions_closed_total", 2, "slow");
  edge_->SetMemoryLevel(edge::MemoryLevel::kCritical);
  AwaitShard();
  PublishToUser("alice", "still here");
  brisk.ReadThrough("data: still here\n\n");
  EXPECT_EQ(Metric("sluice_edge_sessions_closed_total"), 2);
}

TEST_F(SlowReaderTest, ThatTakesNothingForTheWriteTimeoutIsClosed) {
  StartEdge();
  RawClient slow = SlowStream("alice");
  RawClient brisk = Stream("/v1/events?user=alice");
  PublishAndRead(300, &brisk);
  AwaitMetric("sluice_edge_blocked_sessions", 1);
  clock_.Advance(std::chrono::seconds(58));
  AwaitShard();
  EXPECT_EQ(Metric("sluice_edge_sessions"), 2);
  clock_.Advance(std::chrono::seconds(4));
  AwaitMetric("sluice_edge_sessions_closed_total", 1, "slow");
  AwaitMetric("sluice_edge_sessions", 1);
  EXPECT_EQ(Metric("sluice_edge_blocked_sessions"), 0);
  EXPECT_EQ(Metric("sluice_edge_unsent_bytes"), 0);
  // What the kernel had taken is a prefix; the client resumes behind its last whole event.
  const SseTally tally = Tally(slow.ReadToEnd());
  EXPECT_EQ(tally.gaps, 0u);
  EXPECT_TRUE(tally.ids_rise);
  RawClient again = Get("/v1/events?user=alice",
                        "Last-Event-ID: e1-" + std::to_string(tally.data.size()) + "\r\n");
  EXPECT_NE(Connected(&again).find("\"resumed\":true"), std::string::npos);
  EXPECT_TRUE(Block(&again).starts_with("id: e1-" + std::to_string(tally.data.size() + 1) + "\n"));
}

TEST_F(SlowReaderTest, AWriteTimeoutBelowTheHeartbeatIsKept) {
  options_.edge.heartbeat_interval = std::chrono::seconds(600);
  options_.edge.write_timeout = std::chrono::seconds(3);
  StartEdge();
  RawClient slow = SlowStream("alice");
  for (int i = 1; i <= 300; ++i) PublishToUser("alice", Large(i));
  AwaitMetric("sluice_edge_blocked_sessions", 1);
  clock_.Advance(std::chrono::seconds(2));
  AwaitShard();
  EXPECT_EQ(Metric("sluice_edge_sessions"), 1);
  clock_.Advance(std::chrono::seconds(2));
  AwaitMetric("sluice_edge_sessions_closed_total", 1, "slow");
}

TEST_F(SlowReaderTest, ThatReachesItsMaximumAgeIsToldBehindTheRestOfAFrame) {
  options_.edge.max_session_age = std::chrono::seconds(20);
  StartEdge();
  RawClient slow = SlowStream("alice");
  for (int i = 1; i <= 300; ++i) PublishToUser("alice", Large(i));
  AwaitMetric("sluice_edge_blocked_sessions", 1);
  clock_.Advance(std::chrono::seconds(23));
  AwaitShard();
  const SseTally tally = Tally(slow.ReadToEnd());
  EXPECT_EQ(tally.closing, "{\"reason\":\"max-age\"}");
  EXPECT_TRUE(tally.ids_rise);
  EXPECT_LT(tally.data.size(), 300u);
  for (size_t i = 0; i < tally.data.size(); ++i) {
    EXPECT_TRUE(tally.data[i] == Large(static_cast<int>(i) + 1)) << i;
  }
}

}  // namespace
}  // namespace sluice
