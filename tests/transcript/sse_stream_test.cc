#include <chrono>
#include <future>
#include <string>

#include "tests/transcript/edge_fixture.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class SseStreamTest : public EdgeFixture {};

TEST_F(SseStreamTest, BeginsWithHeadRetryAndConnected) {
  StartEdge();
  RawClient alice = Get("/v1/events?user=alice");
  EXPECT_EQ(alice.ReadThrough("\r\n\r\n"),
            "HTTP/1.1 200 OK\r\n"
            "Date: Thu, 29 Feb 2024 12:34:56 GMT\r\n"
            "Content-Type: text/event-stream\r\n"
            "Cache-Control: no-cache, no-store, no-transform\r\n"
            "X-Accel-Buffering: no\r\n"
            "Vary: Origin\r\n"
            "Connection: close\r\n"
            "\r\n");
  EXPECT_EQ(Block(&alice).substr(0, 7), "retry: ");
  EXPECT_EQ(Block(&alice),
            "id: e1-0\n"
            "event: connected\n"
            "data: {\"status\":\"connected\",\"userId\":\"alice\",\"resumed\":false}");
}

TEST_F(SseStreamTest, DeliversToTheUserAndToNobodyElse) {
  StartEdge();
  RawClient alice = Stream("/v1/events?user=alice");
  RawClient bob = Stream("/v1/events?user=bob");
  Publish(ChannelView::User("alice"), "order-update", "{\"orderId\":7}");
  Publish(ChannelView::Topic("alice"), "", "a topic of the same name");
  Publish(ChannelView::User("bob"), "", "hello");
  EXPECT_EQ(Block(&alice), "id: e1-1\nevent: order-update\ndata: {\"orderId\":7}");
  EXPECT_EQ(Block(&bob), "id: e1-3\ndata: hello");
}

TEST_F(SseStreamTest, MergesUserAndTopicsInLogOrder) {
  StartEdge();
  RawClient alice = Stream("/v1/events?user=alice&topic=a&topic=b");
  for (int i = 1; i <= 30; ++i) {
    const std::string data = std::to_string(i);
    if (i % 3 == 0) Publish(ChannelView::User("alice"), "", data);
    if (i % 3 == 1) Publish(ChannelView::Topic("a"), "", data);
    if (i % 3 == 2) Publish(ChannelView::Topic("b"), "", data);
  }
  for (int i = 1; i <= 30; ++i) {
    EXPECT_EQ(Block(&alice), "id: e1-" + std::to_string(i) + "\ndata: " + std::to_string(i));
  }
}

TEST_F(SseStreamTest, ResumesWithExactlyWhatWasMissed) {
  StartEdge();
  PublishToUser("alice", "one");
  PublishToUser("bob", "not for alice");
  PublishToUser("alice", "two");
  PublishToUser("alice", "three");
  RawClient alice = Get("/v1/events?user=alice", "Last-Event-ID: e1-1\r\n");
  alice.ReadThrough("\r\n\r\n");
  Block(&alice);
  EXPECT_EQ(Block(&alice),
            "id: e1-1\nevent: connected\n"
            "data: {\"status\":\"connected\",\"userId\":\"alice\",\"resumed\":true}");
  EXPECT_EQ(Block(&alice), "id: e1-3\nevent: note\ndata: two");
  EXPECT_EQ(Block(&alice), "id: e1-4\nevent: note\ndata: three");
  PublishToUser("alice", "four");
  EXPECT_EQ(Block(&alice), "id: e1-5\nevent: note\ndata: four");
}

TEST_F(SseStreamTest, SendsAnIdAloneAfterFifteenQuietSeconds) {
  StartEdge();
  RawClient alice = Stream("/v1/events?user=alice");
  RawClient bob = Stream("/v1/events?user=bob");
  PublishToUser("bob", "moves the head");
  EXPECT_EQ(Block(&bob), "id: e1-1\nevent: note\ndata: moves the head");  // so the shard has it
  clock_.Advance(seconds(16));
  EXPECT_EQ(Block(&alice), "id: e1-1");
}

TEST_F(SseStreamTest, SaysClosingWhenTheEdgeStops) {
  StartEdge();
  // The edge waits until its clients have closed too, so they end before `stopped` is waited for.
  std::future<void> stopped;
  RawClient alice = Stream("/v1/events?user=alice");
  RawClient bob = Stream("/v1/events?user=bob");
  stopped = std::async(std::launch::async, [this] { StopEdge(); });
  EXPECT_EQ(alice.ReadToEnd(), "event: closing\ndata: {\"reason\":\"shutdown\"}\n\n");
  EXPECT_EQ(bob.ReadToEnd(), "event: closing\ndata: {\"reason\":\"shutdown\"}\n\n");
  EXPECT_FALSE(alice.was_reset());
}

}  // namespace
}  // namespace sluice
