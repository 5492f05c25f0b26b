// Where a STOMP subscription begins: `from`, cursors that are ahead of the edge, and what is lost
// mid-stream.
#include <initializer_list>
#include <memory>
#include <string>

#include "tests/transcript/websocket_fixture.h"

namespace sluice {
namespace {

class StompResumeTest : public WebSocketTest {
 protected:
  // An edge whose log is the test itself.
  void StartAt(std::string_view epoch, uint64_t first_sequence, uint64_t head) {
    StartEdgeWithoutLog();
    Epoch(epoch, first_sequence);
    edge_->OnHead(head);
  }
  void Epoch(std::string_view epoch, uint64_t first_sequence) {
    edge_->OnEpoch(*sluice::Epoch::Parse(epoch), first_sequence);
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

  WebSocketClient ConnectStomp() {
    WebSocketClient client = Open("/v1/ws?user=alice", "Sec-WebSocket-Protocol: v12.stomp\r\n");
    Send(&client, "CONNECT\naccept-version:1.2\n\n");
    EXPECT_TRUE(Text(&client).starts_with("CONNECTED\n"));
    return client;
  }
  static void Send(WebSocketClient* client, std::string frame) {
    frame += '\0';
    client->Say(frame);
  }
  static std::string Text(WebSocketClient* client) {
    std::string text = client->Next().payload;
    if (text.ends_with('\0')) text.pop_back();
    return text;
  }
  // To /topic/a; `more`: header lines.
  static void Subscribe(WebSocketClient* client, const std::string& id, const std::string& more) {
    Send(client, "SUBSCRIBE\nid:" + id + "\ndestination:/topic/a\nreceipt:r\n" + more + "\n");
    EXPECT_EQ(Text(client), "RECEIPT\nreceipt-id:r\n\n");
  }
  static void ExpectMessage(WebSocketClient* client, const std::string& id,
                            const std::string& cursor) {
    const std::string text = Text(client);
    EXPECT_TRUE(text.starts_with("MESSAGE\nsubscription:" + id + "\nmessage-id:" + cursor +
                                 "\ndestination:/topic/a\ncontent-length:"))
        << text;
  }
  static void ExpectGap(WebSocketClient* client, const std::string& id, const std::string& reason,
                        const std::string& requested, const std::string& resume_at) {
    const std::string text = Text(client);
    EXPECT_TRUE(text.starts_with("MESSAGE\nsubscription:" + id + "\nmessage-id:" + resume_at +
                                 "\ndestination:/topic/a\ntype:gap\n"))
        << text;
    EXPECT_TRUE(text.ends_with(R"({"reason":")" + reason + R"(","requested":")" + requested +
                               R"(","resumeAt":")" + resume_at + "\"}"))
        << text;
  }
};

TEST_F(StompResumeTest, ASubscriptionBeginsWhereItsFromSays) {
  StartAt("e1", 1, 0);
  Events({1, 2, 3});
  edge_->OnHead(3);
  AwaitEvents(3);
  WebSocketClient client = ConnectStomp();
  Subscribe(&client, "now", "from:now\n");
  Subscribe(&client, "last", "from:last\n");
  ExpectMessage(&client, "last", "e1-3");
  Subscribe(&client, "all", "from:earliest\nlast-event-id:\n");  // an empty cursor is none
  for (const char* id : {"e1-1", "e1-2", "e1-3"}) ExpectMessage(&client, "all", id);
  Subscribe(&client, "two", "from:earliest\nlast-event-id:e1-2\n");  // a cursor wins
  ExpectMessage(&client, "two", "e1-3");
  Events({4});
  for (const char* subscription : {"now", "last", "all", "two"}) {
    ExpectMessage(&client, subscription, "e1-4");
  }
  Send(&client, "SUBSCRIBE\nid:x\ndestination:/topic/a\nfrom:tomorrow\n\n");
  EXPECT_TRUE(Text(&client).starts_with("ERROR\nmessage:from must be now, earliest or last\n"));
}

TEST_F(StompResumeTest, OfAnEmptyChannelNothingComesFirst) {
  StartAt("e1", 1, 0);
  WebSocketClient client = ConnectStomp();
  Subscribe(&client, "last", "from:last\n");
  Subscribe(&client, "all", "from:earliest\n");
  Events({1});
  ExpectMessage(&client, "last", "e1-1");
  ExpectMessage(&client, "all", "e1-1");
}

TEST_F(StompResumeTest, ACursorAheadOfTheEdgeIsBelievedUntilTheEdgeHasCaughtUp) {
  StartAt("e1", 1, 0);
  Events({1, 2, 3});
  AwaitEvents(3);
  WebSocketClient client = ConnectStomp();
  Subscribe(&client, "ahead", "last-event-id:e1-5\n");
  Subscribe(&client, "live", "");
  Events({4, 5});
  Events({6});
  ExpectMessage(&client, "live", "e1-4");
  ExpectMessage(&client, "live", "e1-5");
  ExpectMessage(&client, "ahead", "e1-6");
  ExpectMessage(&client, "live", "e1-6");
  edge_->OnHead(6);
  edge_->OnHead(6);
  Events({7});
  ExpectMessage(&client, "ahead", "e1-7");
  EXPECT_EQ(Metric("sluice_edge_gaps_total"), 0);
}

TEST_F(StompResumeTest, ACursorAheadOfTheLogIsAGapOnceTheLogHasSaidTwiceWhereItEnds) {
  StartAt("e1", 1, 0);
  Events({1, 2, 3});
  AwaitEvents(3);
  WebSocketClient client = ConnectStomp();
  Subscribe(&client, "a\\cb", "last-event-id:e1-9\n");
  edge_->OnHead(3);  // may have been read before the subscription came
  Subscribe(&client, "live", "");
  Events({4});
  ExpectMessage(&client, "live", "e1-4");
  edge_->OnHead(4);
  ExpectGap(&client, "a\\cb", "invalid", "e1-9", "e1-4");
  Events({5});
  ExpectMessage(&client, "a\\cb", "e1-5");
  ExpectMessage(&client, "live", "e1-5");
  Send(&client, "SUBSCRIBE\nid:a\\cb\ndestination:/topic/b\n\n");
  EXPECT_TRUE(Text(&client).starts_with("ERROR\nmessage:the subscription id is taken\n"));
  EXPECT_EQ(Metric("sluice_edge_gaps_total", "invalid"), 1);
}

TEST_F(StompResumeTest, AClientThatLeavesWhileItsCursorIsAheadIsForgotten) {
  StartAt("e1", 1, 0);
  WebSocketClient client = ConnectStomp();
  Subscribe(&client, "ahead", "last-event-id:e1-5\n");
  client.raw().Close();
  AwaitMetric("sluice_edge_connections", 0);
  edge_->OnHead(0);
  edge_->OnHead(0);
  AwaitShard();
  EXPECT_EQ(Metric("sluice_edge_gaps_total"), 0);
}

// The sequences of another epoch begin anew, below what the subscription has had.
TEST_F(StompResumeTest, ASubscriptionGoesOnInANewEpochAndBehindAHole) {
  StartAt("e1", 100, 99);
  WebSocketClient client = ConnectStomp();
  Subscribe(&client, "s\\c1", "");
  Events({100, 101});
  ExpectMessage(&client, "s\\c1", "e1-100");
  ExpectMessage(&client, "s\\c1", "e1-101");
  Epoch("e2", 1);
  ExpectGap(&client, "s\\c1", "epoch", "e1-101", "e2-0");
  Events({1});
  ExpectMessage(&client, "s\\c1", "e2-1");
  edge_->OnHole(2, 9);
  ExpectGap(&client, "s\\c1", "overflow", "e2-1", "e2-9");
  Events({10});
  ExpectMessage(&client, "s\\c1", "e2-10");
}

}  // namespace
}  // namespace sluice
