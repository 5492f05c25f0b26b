#include <string>
#include <vector>

#include "tests/transcript/websocket_fixture.h"

namespace sluice {
namespace {

// What an edge answers when it is asked how many sessions users have.
class PresenceTest : public WebSocketTest {
 protected:
  std::vector<uint32_t> Counts() {
    const std::vector<std::string> users = {"alice", "bob", "nobody"};
    return edge_->CountSessions(users);
  }
  void AwaitCounts(const std::vector<uint32_t>& counts) {
    EXPECT_TRUE(Eventually([&] { return Counts() == counts; })) << testing::PrintToString(Counts());
  }
};

TEST_F(PresenceTest, SessionsOfAllShardsAreCountedWhileTheyLast) {
  options_.edge.shards = 4;
  StartEdge();
  AwaitCounts({0, 0, 0});
  std::vector<RawClient> streams;
  for (uint32_t n = 1; n <= 12; ++n) {
    streams.push_back(Stream("/v1/events?user=alice&topic=bob"));
    EXPECT_EQ(Counts(), (std::vector<uint32_t>{n, 0, 0}));  // no later than `connected`
  }
  WebSocketClient socket = Connect("/v1/ws?user=bob");
  EXPECT_EQ(Counts(), (std::vector<uint32_t>{12, 1, 0}));
  for (uint32_t n = 12; n > 0; --n) {
    streams.pop_back();
    AwaitCounts({n - 1, 1, 0});
  }
  socket.raw().Abort();
  AwaitCounts({0, 0, 0});
}

TEST_F(PresenceTest, AStompSessionCountsFromItsConnect) {
  StartEdge();
  WebSocketClient client = Open("/v1/ws?user=alice", "Sec-WebSocket-Protocol: v12.stomp\r\n");
  EXPECT_EQ(Counts(), (std::vector<uint32_t>{0, 0, 0}));
  client.Say(std::string("CONNECT\naccept-version:1.2\n\n\0", 29));
  EXPECT_TRUE(client.Next().payload.starts_with("CONNECTED\n"));
  EXPECT_EQ(Counts(), (std::vector<uint32_t>{1, 0, 0}));
  client.raw().Close();
  AwaitCounts({0, 0, 0});
}

TEST_F(PresenceTest, WithoutALimitPerUserTheyAreCountedToo) {
  options_.edge.max_sessions_per_user = 0;
  StartEdge();
  RawClient first = Stream("/v1/events?user=alice");
  RawClient second = Stream("/v1/events?user=alice");
  EXPECT_EQ(Counts(), (std::vector<uint32_t>{2, 0, 0}));
  first.Close();
  AwaitCounts({1, 0, 0});
}

TEST_F(PresenceTest, WhoWasTurnedAwayIsNotCounted) {
  options_.edge.max_sessions_per_user = 1;
  StartEdge();
  RawClient first = Stream("/v1/events?user=alice");
  Get("/v1/events?user=alice").ReadToEnd();
  Get("/v1/events?user=bob&topic=").ReadToEnd();
  EXPECT_EQ(Counts(), (std::vector<uint32_t>{1, 0, 0}));
}

}  // namespace
}  // namespace sluice
