#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <string>
#include <vector>

#include "tests/transcript/edge_fixture.h"

namespace sluice {
namespace {

class LimitsTest : public EdgeFixture {
 protected:
  static size_t OpenDescriptors() {
    size_t count = 0;
    DIR* folder = opendir("/proc/self/fd");
    while (readdir(folder) != nullptr) ++count;
    closedir(folder);
    return count;
  }
  // As many descriptors as the machine lets this process have.
  static size_t AllowDescriptors() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
  }
};

TEST_F(LimitsTest, BeyondMaxSessionsAStreamIsToldToComeBackLater) {
  options_.edge.max_sessions = 1;
  StartEdge();
  RawClient first = Stream("/v1/events?user=alice");
  RawClient second = Get("/v1/events?user=bob");
  const std::string head = second.ReadThrough("\r\n\r\n");
  EXPECT_TRUE(head.starts_with("HTTP/1.1 200 OK\r\n")) << head;
  EXPECT_NE(head.find("\r\nContent-Type: text/event-stream\r\n"), std::string::npos) << head;
  const std::string retry = Block(&second);
  ASSERT_TRUE(retry.starts_with("retry: ")) << retry;
  int milliseconds = 0;
  std::from_chars(retry.data() + 7, retry.data() + retry.size(), milliseconds);
  EXPECT_GE(milliseconds, 1500);
  EXPECT_LE(milliseconds, 25'000);
  EXPECT_EQ(second.ReadToEnd(), "event: closing\ndata: {\"reason\":\"overload\"}\n\n");
  EXPECT_FALSE(second.was_reset());
  EXPECT_EQ(Metric("sluice_edge_sessions_shed_total"), 1);
  EXPECT_EQ(Metric("sluice_edge_sessions_opened_total"), 1);

  first.Close();
  AwaitMetric("sluice_edge_sessions", 0);
  Stream("/v1/events?user=bob");
}

TEST_F(LimitsTest, NoStreamBeginsWhileMemoryIsShort) {
  StartEdge();
  RawClient first = Stream("/v1/events?user=alice");
  edge_->SetMemoryLevel(edge::MemoryLevel::kHigh);
  EXPECT_EQ(Metric("sluice_edge_memory_level"), 1);
  EXPECT_TRUE(Get("/v1/events?user=bob")
                  .ReadToEnd()
                  .ends_with("event: closing\ndata: {\"reason\":\"overload\"}\n\n"));
  EXPECT_EQ(Metric("sluice_edge_sessions_shed_total"), 1);
  PublishToUser("alice", "still here");
  first.ReadThrough("data: still here\n\n");
  edge_->SetMemoryLevel(edge::MemoryLevel::kNormal);
  Stream("/v1/events?user=bob");
}

TEST_F(LimitsTest, AUserHasNoMoreSessionsThanIsAllowed) {
  options_.edge.max_sessions_per_user = 2;
  StartEdge();
  RawClient first = Stream("/v1/events?user=alice");
  RawClient second = Stream("/v1/events?user=alice");
  const std::string third = Get("/v1/events?user=alice").ReadToEnd();
  EXPECT_TRUE(third.ends_with("event: closing\ndata: {\"reason\":\"overload\"}\n\n")) << third;
  Stream("/v1/events?user=bob");
  AwaitMetric("sluice_edge_sessions_shed_total", 1);
  first.Close();
  AwaitMetric("sluice_edge_sessions_closed_total", 2, "client");
  Stream("/v1/events?user=alice");
}

TEST_F(LimitsTest, AnAddressHasNoMoreConnectionsThanIsAllowed) {
  options_.edge.max_connections_per_address = 2;
  StartEdge();
  RawClient first = Stream("/v1/events?user=alice");
  RawClient second = Connect();
  AwaitMetric("sluice_edge_connections", 2);
  EXPECT_EQ(Get("/v1/events?user=bob").ReadToEnd(), "");
  AwaitMetric("sluice_edge_connections_refused_total", 1);
  // Another address is another matter.
  RawClient other(edge_->port(), 0, INADDR_LOOPBACK + 1);
  other.Send("GET /v1/events?user=carol HTTP/1.1\r\nHost: localhost\r\n\r\n");
  Connected(&other);
  first.Close();
  AwaitMetric("sluice_edge_connections", 2);
  Stream("/v1/events?user=alice");
}

TEST_F(LimitsTest, NewConnectionsWaitWhenTooManyComeAtOnce) {
  options_.edge.max_accepts_per_second = 50;
  StartEdge();
  std::vector<RawClient> clients;
  for (int i = 0; i < 30; ++i) clients.push_back(Connect());
  AwaitMetric("sluice_edge_connections_accepted_total", 10);  // a fifth of a second's worth
  for (const int accepted : {15, 20, 25, 30}) {
    EXPECT_GE(Metric("sluice_edge_accepts_delayed_total"), 1);
    clock_.Advance(std::chrono::milliseconds(100));
    AwaitMetric("sluice_edge_connections_accepted_total", accepted);
  }
}

TEST_F(LimitsTest, OverloadSpreadsTheRetriesMoreThanUsual) {
  options_.edge.max_sessions = 0;
  StartEdge();
  int beyond_the_usual = 0;
  for (int i = 0; i < 40; ++i) {
    RawClient client = Get("/v1/events?user=alice");
    client.ReadThrough("\r\n\r\n");
    const std::string retry = Block(&client);
    beyond_the_usual += retry.size() > 11 || retry.substr(7) > "5000";
  }
  EXPECT_GT(beyond_the_usual, 10);
}

TEST_F(LimitsTest, WithoutDescriptorsAcceptingPausesAndRecovers) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "UBSan's vptr check opens a pipe to look at an object, and fails without one";
#endif
  StartEdge();
  RawClient early = Stream("/v1/events?user=alice");
  // Connects without a descriptor left for the edge: the limit is the lowest free one.
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const edge::FileDescriptor reserved(dup(0));
  const int lowest_free = [] {
    const edge::FileDescriptor probe(dup(0));
    return probe.get();
  }();
  rlimit scarce = before;
  scarce.rlim_cur = static_cast<rlim_t>(lowest_free) + 1;  // one for the client
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &scarce), 0);
  RawClient late = Get("/v1/events?user=bob");
  EXPECT_TRUE(Eventually([&] { return Metric("sluice_edge_accept_failures_total") > 0; }));
  PublishToUser("alice", "meanwhile");
  EXPECT_EQ(Block(&early), "id: e1-1\nevent: note\ndata: meanwhile");
  // Time stands still, so it has not tried again.
  EXPECT_EQ(Metric("sluice_edge_accept_failures_total"), 1);
  EXPECT_FALSE(late.HasInput());

  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_TRUE(Connected(&late).starts_with("id: e1-1\nevent: connected\n"));
  EXPECT_EQ(Metric("sluice_edge_accept_failures_total"), 1);
}

TEST_F(LimitsTest, ClientsThatLeaveAreCounted) {
  StartEdge();
  RawClient closes = Stream("/v1/events?user=alice");
  RawClient aborts = Stream("/v1/events?user=alice");
  RawClient ends = Stream("/v1/events?user=alice");
  RawClient talks = Stream("/v1/events?user=alice");
  closes.Close();
  AwaitMetric("sluice_edge_sessions_closed_total", 1, "client");
  aborts.Abort();
  AwaitMetric("sluice_edge_sessions_closed_total", 2, "client");
  ends.EndSending();
  EXPECT_EQ(ends.ReadToEnd(), "");
  AwaitMetric("sluice_edge_sessions_closed_total", 3, "client");
  talks.Send(std::string(1000, 'x'));  // is read away
  AwaitShard();
  EXPECT_EQ(Metric("sluice_edge_sessions"), 1);
  talks.Send(std::string(8 << 20, 'x'));  // is abuse
  AwaitMetric("sluice_edge_sessions_closed_total", 1, "protocol");
  AwaitMetric("sluice_edge_connections", 0);
}

TEST_F(LimitsTest, AClientThatLeavesWithItsRequestIsNoticed) {
  StartEdge();
  Stream("/v1/events?user=alice");  // the edge has caught up, so streams begin at once
  for (int i = 0; i < 20; ++i) {
    RawClient client = Get("/v1/events?user=alice");
    client.EndSending();
    EXPECT_TRUE(client.ReadToEnd().starts_with("HTTP/1.1 200 OK\r\n"));
  }
  for (int i = 0; i < 20; ++i) {
    RawClient client = Get("/nowhere");
    client.EndSending();
    EXPECT_TRUE(client.ReadToEnd().starts_with("HTTP/1.1 404 Not Found\r\n"));
  }
  AwaitMetric("sluice_edge_connections", 0);
}

// As slowhttptest does: heads (-H), bodies (-B) and streams (-X) that stay unfinished or unread.
TEST_F(LimitsTest, ThousandsOfSlowClientsHoldUpNobodyAndTheHalfRequestsEndInTime) {
  routes_.push_back(
      {.method = "POST",
       .path = "/b",
       .max_body_bytes = 10,
       .handler = [](const auto&, const auto&) { FAIL() << "a half body was served"; }});
  StartEdge();
  RawClient witness = Stream("/v1/events?user=alice");
  const size_t each = std::min<size_t>(1'600, AllowDescriptors() / 10);
  std::vector<RawClient> halves;
  std::vector<RawClient> unread;
  for (size_t i = 0; i < each; ++i) {
    halves.push_back(Connect());
    halves.back().Send("GET /v1/events?user=alice HTTP/1.1\r\nHost: loc");
    halves.push_back(Connect());
    halves.back().Send("POST /b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhell");
    unread.push_back(Get("/v1/events?user=mallory"));
    const size_t connections = 1 + halves.size() + unread.size();
    if (i % 100 == 99 || i == each - 1) {  // what the kernel has no room for comes much later
      AwaitMetric("sluice_edge_connections", static_cast<double>(connections));
    }
  }
  for (int i = 1; i <= 20; ++i) {
    PublishToUser("alice", "x");
    EXPECT_EQ(Block(&witness), "id: e1-" + std::to_string(i) + "\nevent: note\ndata: x");
  }
  AwaitShard();
  clock_.Advance(std::chrono::seconds(11));
  for (RawClient& half : halves) ASSERT_EQ(half.ReadResponse().status, 408);
  EXPECT_EQ(Metric("sluice_edge_handshakes_rejected_total", "timeout"),
            static_cast<double>(halves.size()));
  halves.clear();
  unread.clear();
  AwaitMetric("sluice_edge_connections", 1);
  PublishToUser("alice", "end");
  EXPECT_EQ(Block(&witness), "id: e1-21\nevent: note\ndata: end");
}

TEST_F(LimitsTest, ThousandsOfConnectionsLeaveNothingBehind) {
  StartEdge();
  RawClient witness = Stream("/v1/events?user=alice");
  AwaitMetric("sluice_edge_connections", 1);
  const size_t descriptors = OpenDescriptors();
  for (int i = 0; i < 500; ++i) {
    RawClient silent = Connect();
    RawClient half = Connect();
    half.Send("GET /v1/events");
    RawClient refused = Get("/nowhere");
    RawClient stream = Get("/v1/events?user=alice&topic=t" + std::to_string(i % 7));
    RawClient aborted = Get("/v1/events?user=u" + std::to_string(i));
    if (i % 10 == 0) PublishToUser("alice", "x");
    if (i % 3 == 0) stream.ReadThrough("event: connected\n");
    aborted.Abort();
  }
  AwaitMetric("sluice_edge_connections", 1);
  AwaitMetric("sluice_edge_sessions", 1);
  AwaitEvents(50);
  AwaitMetric("sluice_edge_ring_channels", 1);
  EXPECT_EQ(Metric("sluice_edge_sessions_opened_total"),
            1 + Metric("sluice_edge_sessions_closed_total"));
  // A connection is closed at the end of the turn in which it is counted out.
  EXPECT_TRUE(Eventually([descriptors] { return OpenDescriptors() == descriptors; }));
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(Block(&witness).ends_with("data: x"));
}

}  // namespace
}  // namespace sluice
