// A topic that is subscribed to within a stream, behind a cursor that the edge has not reached.
#include <initializer_list>
#include <memory>
#include <string>

#include "tests/transcript/websocket_fixture.h"

namespace sluice {
namespace {

// An edge whose log is the test itself.
class WebSocketResumeTest : public WebSocketTest {
 protected:
  void StartAtThree() {
    StartEdgeWithoutLog();
    edge_->OnEpoch(*Epoch::Parse("e1"), 1);
    Events({1, 2, 3});
    edge_->OnHead(3);
    AwaitEvents(3);
  }
  // One batch of events of the topic "a", each with its sequence as data.
  void Events(std::initializer_list<uint64_t> sequences) {
    auto batch = std::make_shared<EventBatch>();
    for (const uint64_t sequence : sequences) {
      batch->events.emplace_back(
          sequence, ChannelView::Topic("a"), "", std::to_string(sequence),
          Event::Times{.published = clock_.Wall(), .stored = clock_.Steady()});
    }
    edge_->OnEvents(std::move(batch));
  }
  static void SubscribeAfter(WebSocketClient* client, const std::string& cursor) {
    client->Say(R"({"type":"subscribe","topic":"a","ref":1,"after":")" + cursor + "\"}");
  }
  static void ExpectAnswer(WebSocketClient* client, int ref) {
    const boost::json::value answer = client->NextJson();
    EXPECT_EQ(answer.at("ref").as_int64(), ref) << answer;
  }
};

TEST_F(WebSocketResumeTest, ASubscriptionAheadOfTheEdgeWaitsAndSoDoesWhatFollows) {
  StartAtThree();
  WebSocketClient client = Connect();
  SubscribeAfter(&client, "e1-5");
  client.Say(R"({"type":"unsubscribe","topic":"b","ref":2})");
  client.Send(ClientFrame(0x89, "ping"));
  EXPECT_EQ(client.Next().first, 0x8a);
  Events({4, 5});
  Events({6});
  edge_->OnHead(6);
  ExpectAnswer(&client, 1);
  ExpectAnswer(&client, 2);
  EXPECT_EQ(client.NextJson().at("id").as_string(), "e1-6");
  EXPECT_EQ(Metric("sluice_edge_gaps_total"), 0);
}

TEST_F(WebSocketResumeTest, OneAheadOfTheLogIsAGapOnceTheLogHasSaidTwiceWhereItEnds) {
  StartAtThree();
  WebSocketClient client = Connect();
  SubscribeAfter(&client, "e1-9");
  client.Send(ClientFrame(0x89, ""));
  EXPECT_EQ(client.Next().first, 0x8a);  // the edge has the subscription
  edge_->OnHead(3);
  AwaitShard();
  EXPECT_FALSE(client.raw().HasInput());
  edge_->OnHead(3);
  ExpectAnswer(&client, 1);
  const boost::json::value gap = client.NextJson();
  EXPECT_EQ(gap.at("reason").as_string(), "invalid");
  EXPECT_EQ(gap.at("resumeAt").as_string(), "e1-3");
  Events({4});
  EXPECT_EQ(client.NextJson().at("id").as_string(), "e1-4");
}

TEST_F(WebSocketResumeTest, WhatIsHeldHasALimit) {
  options_.edge.max_message_bytes = 1024;
  StartAtThree();
  WebSocketClient client = Connect();
  SubscribeAfter(&client, "e1-5");
  client.Say(R"({"type":"unsubscribe","topic":")" + std::string(900, 'x') + "\"}");
  client.Say(R"({"type":"unsubscribe","topic":")" + std::string(100, 'x') + "\"}");
  EXPECT_EQ(client.Next().CloseCode(), 1008);
  edge_->OnHead(3);
  EXPECT_EQ(client.Rest(), "");
}

TEST_F(WebSocketResumeTest, AClientThatLeavesWhileItWaitsIsForgotten) {
  StartAtThree();
  WebSocketClient client = Connect();
  SubscribeAfter(&client, "e1-5");
  client.raw().Close();
  AwaitMetric("sluice_edge_connections", 0);
  edge_->OnHead(3);
  edge_->OnHead(3);
  AwaitShard();
  EXPECT_EQ(Metric("sluice_edge_gaps_total"), 0);
}

}  // namespace
}  // namespace sluice
