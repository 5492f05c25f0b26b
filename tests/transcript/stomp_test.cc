// STOMP over WebSocket: CONNECT first, subscriptions, replay for each, receipts, heart-beats,
// errors.
#include <string>
#include <string_view>

#include "tests/transcript/websocket_fixture.h"

namespace sluice {
namespace {

using std::chrono_literals::operator""s;

class StompTest : public WebSocketTest {
 protected:
  // Has the answer to the handshake of WebSocket.
  WebSocketClient OpenStomp(const std::string& target = "/v1/ws?user=alice",
                            const std::string& headers = "") {
    return Open(target, "Sec-WebSocket-Protocol: v12.stomp, v11.stomp\r\n" + headers);
  }
  // And CONNECTED.
  WebSocketClient ConnectStomp(const std::string& headers = "accept-version:1.2\n") {
    WebSocketClient client = OpenStomp();
    Send(&client, "CONNECT\n" + headers + "\n");
    EXPECT_TRUE(Text(&client).starts_with("CONNECTED\n"));
    return client;
  }
  // A frame, without the NUL at its end.
  static void Send(WebSocketClient* client, std::string frame) {
    frame += '\0';
    client->Say(frame);
  }
  // The next text, without the NUL at its end.
  static std::string Text(WebSocketClient* client) {
    const ServerFrame frame = client->Next();
    EXPECT_EQ(frame.first, 0x81) << frame.CloseCode();
    std::string text = frame.payload;
    if (text.ends_with('\0')) text.pop_back();
    return text;
  }
  static void Subscribe(WebSocketClient* client, const std::string& id,
                        const std::string& destination, const std::string& more = "") {
    Send(client, "SUBSCRIBE\nid:" + id + "\ndestination:" + destination + "\nreceipt:r-" + id +
                     "\n" + more + "\n");
    EXPECT_EQ(Text(client), "RECEIPT\nreceipt-id:r-" + id + "\n\n");
  }
  // Expects ERROR that says so, and the close.
  static void ExpectError(WebSocketClient* client, const std::string& message, int code = 1002) {
    EXPECT_TRUE(Text(client).starts_with("ERROR\nmessage:" + message + "\n")) << message;
    EXPECT_EQ(client->Next().CloseCode(), code) << message;
    EXPECT_EQ(client->Rest(), "");
  }
};

TEST_F(StompTest, ConnectIsAnsweredWithWhatBothSpeak) {
  StartEdge();
  for (const auto& [accepts, version] :
       {std::pair("accept-version:1.0,1.1,1.2\n", "1.2"),
        std::pair("accept-version:1.1,1.0\n", "1.1"), std::pair("accept-version:1.0\n", "1.0"),
        std::pair("", "1.0")}) {
    WebSocketClient client = OpenStomp();
    Send(&client, std::string("CONNECT\nhost:localhost\n") + accepts + "\n");
    EXPECT_EQ(Text(&client), std::string("CONNECTED\nversion:") + version +
                                 "\nheart-beat:10000,10000\nserver:sluice\nuser-name:alice\n"
                                 "last-event-id:e1-0\n\n");
  }
  EXPECT_EQ(Metric("sluice_edge_sessions_opened_total", "stomp"), 4);
  WebSocketClient client = OpenStomp();
  Send(&client, "CONNECT\naccept-version:2.0\n\n");
  EXPECT_EQ(Text(&client),
            "ERROR\nmessage:versions 1.0, 1.1 and 1.2 are spoken\nversion:1.0,1.1,1.2\n\n");
  EXPECT_EQ(client.Next().CloseCode(), 1002);
}

TEST_F(StompTest, ConnectedHasNoEscapes) {
  StartEdge();
  WebSocketClient client = OpenStomp("/v1/ws?user=auth0:al%5Cice");
  Send(&client, "CONNECT\naccept-version:1.2\n\n");
  const std::string connected = Text(&client);
  EXPECT_NE(connected.find("\nuser-name:auth0:al\\ice\n"), std::string::npos) << connected;
}

TEST_F(StompTest, WithoutKeysTheQueryAloneSaysWhoIsCalling) {
  StartEdge();
  WebSocketClient client = OpenStomp();
  Send(&client, "CONNECT\naccept-version:1.2\nAuthorization:Bearer x\n\n");
  EXPECT_TRUE(Text(&client).starts_with("CONNECTED\n"));
  WebSocketClient nobody = OpenStomp("/v1/ws");
  Send(&nobody, "CONNECT\naccept-version:1.2\n\n");
  ExpectError(&nobody, "the query of the handshake must name a user\\c ?user=NAME");
  EXPECT_EQ(Metric("sluice_edge_auth_failures_total", "missing"), 1);
}

TEST_F(StompTest, NothingIsListenedToBeforeConnect) {
  StartEdge();
  for (const char* frame : {"SUBSCRIBE\nid:1\ndestination:/topic/a\n\n", "SEND\n\n", "DANCE\n\n"}) {
    WebSocketClient client = OpenStomp();
    Send(&client, frame);
    ExpectError(&client, "CONNECT comes first");
  }
  EXPECT_EQ(Metric("sluice_edge_sessions_opened_total"), 0);
  WebSocketClient silent = OpenStomp();
  AwaitShard();
  clock_.Advance(11s);
  ExpectError(&silent, "CONNECT took too long");
}

TEST_F(StompTest, EachSubscriptionGetsItsEventsOnce) {
  StartEdge();
  WebSocketClient client = ConnectStomp();
  Subscribe(&client, "t", "/topic/news");
  Subscribe(&client, "u", "/user/queue");
  Subscribe(&client, "o", "/user/queue/order");
  Subscribe(&client, "t2", "/topic/news");
  Publish(ChannelView::Topic("news"), "", "a:b");
  Publish(ChannelView::User("alice"), "order", "7");
  Publish(ChannelView::User("alice"), "other", "8");
  Publish(ChannelView::User("bob"), "order", "9");
  const auto message = [](const std::string& id, const std::string& rest) {
    return "MESSAGE\nsubscription:" + id + "\nmessage-id:" + rest;
  };
  EXPECT_EQ(Text(&client), message("t", "e1-1\ndestination:/topic/news\ncontent-length:3\n\na:b"));
  EXPECT_EQ(Text(&client), message("t2", "e1-1\ndestination:/topic/news\ncontent-length:3\n\na:b"));
  EXPECT_EQ(Text(&client), message("u",
                                   "e1-2\ndestination:/user/queue/order\ntype:order\n"
                                   "content-length:1\n\n7"));
  EXPECT_EQ(Text(&client), message("o",
                                   "e1-2\ndestination:/user/queue/order\ntype:order\n"
                                   "content-length:1\n\n7"));
  EXPECT_EQ(Text(&client), message("u",
                                   "e1-3\ndestination:/user/queue/other\ntype:other\n"
                                   "content-length:1\n\n8"));
  Send(&client, "UNSUBSCRIBE\nid:t\nreceipt:x\n\n");
  EXPECT_EQ(Text(&client), "RECEIPT\nreceipt-id:x\n\n");
  Publish(ChannelView::Topic("news"), "", "c");
  EXPECT_TRUE(Text(&client).starts_with("MESSAGE\nsubscription:t2\nmessage-id:e1-5\n"));
  Send(&client, "UNSUBSCRIBE\nid:t2\nreceipt:y\n\n");
  EXPECT_EQ(Text(&client), "RECEIPT\nreceipt-id:y\n\n");
  Publish(ChannelView::Topic("news"), "", "d");
  Publish(ChannelView::User("alice"), "", "e");
  EXPECT_TRUE(Text(&client).starts_with("MESSAGE\nsubscription:u\nmessage-id:e1-7\n"));
}

TEST_F(StompTest, InVersion12AMessageToAcknowledgeSaysWhatAckIsToName) {
  StartEdge();
  for (const auto& [version, mode, ack] :
       {std::tuple("1.2", "client", "\nack:s\\c1"),
        std::tuple("1.2", "client-individual", "\nack:s\\c1"), std::tuple("1.2", "auto", ""),
        std::tuple("1.1", "client", "")}) {
    WebSocketClient client = ConnectStomp(std::string("accept-version:") + version + "\n");
    Subscribe(&client, "s\\c1", "/topic/news",
              std::string("last-event-id:e0-1\nack:") + mode + "\n");
    const std::string begin = std::string("MESSAGE\nsubscription:s\\c1") + ack + "\nmessage-id:";
    const std::string gap = Text(&client);
    EXPECT_TRUE(gap.starts_with(begin)) << gap;
    Publish(ChannelView::Topic("news"), "", "x");
    const std::string message = Text(&client);
    EXPECT_TRUE(message.starts_with(begin)) << message;
    Send(&client, "ACK\nid:s\\c1\nreceipt:acked\n\n");
    EXPECT_EQ(Text(&client), "RECEIPT\nreceipt-id:acked\n\n");
  }
}

TEST_F(StompTest, InVersion10WhatAClientNamedComesBackAsItWroteIt) {
  StartEdge();
  WebSocketClient client = ConnectStomp("");
  for (const std::string id : {"a:b", "a\\cb"}) {
    Subscribe(&client, id, "/topic/news");
    Publish(ChannelView::Topic("news"), "", "x");
    EXPECT_TRUE(Text(&client).starts_with("MESSAGE\nsubscription:" + id + "\nmessage-id:"));
    Send(&client, "UNSUBSCRIBE\nid:" + id + "\nreceipt:" + id + "\n\n");
    EXPECT_EQ(Text(&client), "RECEIPT\nreceipt-id:" + id + "\n\n");
  }
}

TEST_F(StompTest, InVersion10TheDestinationNamesASubscription) {
  StartEdge();
  WebSocketClient client = ConnectStomp("");
  Send(&client, "SUBSCRIBE\ndestination:/topic/a\nreceipt:1\n\n");
  EXPECT_EQ(Text(&client), "RECEIPT\nreceipt-id:1\n\n");
  Publish(ChannelView::Topic("a"), "", "x");
  EXPECT_TRUE(Text(&client).starts_with("MESSAGE\nsubscription:/topic/a\nmessage-id:e1-1\n"));
  Send(&client, "UNSUBSCRIBE\ndestination:/topic/a\nreceipt:2\n\n");
  EXPECT_EQ(Text(&client), "RECEIPT\nreceipt-id:2\n\n");
}

TEST_F(StompTest, WithoutASubscriptionNothingComes) {
  StartEdge();
  WebSocketClient client = ConnectStomp();
  for (int i = 0; i < 100; ++i) PublishToUser("alice", "unseen");
  AwaitEvents(100);
  AwaitShard();
  Subscribe(&client, "u", "/user/queue");
  PublishToUser("alice", "seen");
  EXPECT_TRUE(Text(&client).ends_with("\n\nseen"));
}

TEST_F(StompTest, ASubscriptionResumesWhereItsCursorIs) {
  StartEdge();
  for (int i = 1; i <= 3; ++i) {
    Publish(ChannelView::Topic("a"), "", std::to_string(i));
    PublishToUser("alice", std::to_string(i));
  }
  AwaitEvents(6);
  AwaitShard();
  WebSocketClient client = ConnectStomp();
  Subscribe(&client, "live", "/topic/a");
  Subscribe(&client, "again", "/topic/a", "last-event-id:e1-1\n");
  EXPECT_TRUE(Text(&client).starts_with("MESSAGE\nsubscription:again\nmessage-id:e1-3\n"));
  EXPECT_TRUE(Text(&client).starts_with("MESSAGE\nsubscription:again\nmessage-id:e1-5\n"));
  Subscribe(&client, "mine", "/user/queue/note", "last-event-id:e1-4\n");
  EXPECT_TRUE(Text(&client).starts_with("MESSAGE\nsubscription:mine\nmessage-id:e1-6\n"));
  Publish(ChannelView::Topic("a"), "", "4");
  EXPECT_TRUE(Text(&client).starts_with("MESSAGE\nsubscription:live\nmessage-id:e1-7\n"));
  EXPECT_TRUE(Text(&client).starts_with("MESSAGE\nsubscription:again\nmessage-id:e1-7\n"));
}

TEST_F(StompTest, WhatCannotBeResumedIsAMessageOfTypeGap) {
  StartEdge();
  Publish(ChannelView::Topic("a"), "", "1");
  AwaitEvents(1);
  AwaitShard();
  WebSocketClient client = ConnectStomp();
  int n = 0;
  for (const auto& [cursor, reason] :
       {std::pair("e0-1", "epoch"), std::pair("e1-9", "invalid"), std::pair("x", "invalid")}) {
    Subscribe(&client, std::to_string(++n), "/topic/a",
              std::string("last-event-id:") + cursor + "\n");
    const std::string body = std::string(R"({"reason":")") + reason + R"(","requested":")" +
                             cursor + R"(","resumeAt":"e1-1"})";
    EXPECT_EQ(Text(&client), "MESSAGE\nsubscription:" + std::to_string(n) +
                                 "\nmessage-id:e1-1\ndestination:/topic/a\ntype:gap\n"
                                 "content-length:" +
                                 std::to_string(body.size()) + "\n\n" + body);
  }
}

TEST_F(StompTest, EventsOfALogThatBeganAnewComeBehindItsGap) {
  StartEdgeWithoutLog();
  const auto publish = [this](uint64_t sequence) {
    EventBatch batch;
    batch.events.emplace_back(sequence, ChannelView::User("alice"), "", "x",
                              Event::Times{clock_.Wall(), clock_.Steady()});
    edge_->OnEvents(std::make_shared<const EventBatch>(std::move(batch)));
  };
  edge_->OnEpoch(*Epoch::Parse("e1"), 1);
  publish(3);
  edge_->OnHead(3);
  WebSocketClient client = ConnectStomp();
  Subscribe(&client, "u", "/user/queue");
  edge_->OnEpoch(*Epoch::Parse("e2"), 1);
  const std::string gap = Text(&client);
  EXPECT_NE(gap.find("\ntype:gap\n"), std::string::npos) << gap;
  EXPECT_NE(gap.find(R"("requested":"e1-3","resumeAt":"e2-0")"), std::string::npos) << gap;
  publish(2);
  EXPECT_TRUE(Text(&client).starts_with("MESSAGE\nsubscription:u\nmessage-id:e2-2\n"));
}

TEST_F(StompTest, FramesMayBeSplitAndJoined) {
  options_.edge.max_messages_per_second = 1000;
  StartEdge();
  const std::string nul(1, '\0');
  const std::string frames = "\n\r\nCONNECT\r\naccept-version:1.2\r\n\r\n" + nul + "\n\n" +
                             "SUBSCRIBE\nid:a\ndestination:/topic/a\nreceipt:1\n\n" + nul +
                             "SUBSCRIBE\nid:b\ndestination:/topic/b\nreceipt:2\n\n" + nul;
  const auto expect_all = [](WebSocketClient* client) {
    EXPECT_TRUE(Text(client).starts_with("CONNECTED\n"));
    EXPECT_EQ(Text(client), "RECEIPT\nreceipt-id:1\n\n");
    EXPECT_EQ(Text(client), "RECEIPT\nreceipt-id:2\n\n");
  };
  WebSocketClient whole = OpenStomp();
  whole.Say(frames);
  expect_all(&whole);
  WebSocketClient split = OpenStomp();
  std::string octets;
  for (const char c : frames) octets += ClientFrame(0x81, std::string(1, c));
  split.Send(octets);
  expect_all(&split);
}

TEST_F(StompTest, AfterAnErrorTheConnectionEnds) {
  options_.edge.max_topics_per_session = 2;
  StartEdge();
  WebSocketClient witness = ConnectStomp();
  Subscribe(&witness, "1", "/user/queue");
  const std::string sub = "SUBSCRIBE\nid:1\ndestination:/topic/a\n\n";
  const std::string nul(1, '\0');
  for (const auto& [frames, message] :
       {std::pair(std::string("CONNECT\n\n"), "already connected"),
        std::pair(std::string("DANCE\n\n"), "the command does not exist"),
        std::pair(sub + nul + sub, "the subscription id is taken"),
        std::pair(std::string("SUBSCRIBE\ndestination:/topic/a\n\n"),
                  "SUBSCRIBE needs an id of at most 128 octets"),
        std::pair(std::string("SUBSCRIBE\nid:1\ndestination:/user/bob/queue\n\n"),
                  "the destination does not exist"),
        std::pair(std::string("SUBSCRIBE\nid:1\ndestination:/user/queuex\n\n"),
                  "the destination does not exist"),
        std::pair(std::string("SUBSCRIBE\nid:1\n\n"), "the destination does not exist"),
        std::pair(std::string("SUBSCRIBE\nid:1\ndestination:/topic/\x01revocations\n\n"),
                  "the destination does not exist"),
        std::pair(std::string("UNSUBSCRIBE\nid:9\n\n"), "no such subscription"),
        std::pair(std::string("SEND\ndestination:/app/x\n\nhello"),
                  "nobody takes this destination"),
        std::pair(std::string("ACK\nid:a\\tb\n\n"), "an escape that does not exist"),
        std::pair(std::string("ACK\nno colon\n\n"), "a header without a name or a colon"),
        std::pair(std::string("SEND\ncontent-length:x\n\n"), "content-length is no number"),
        std::pair(std::string("SEND\ncontent-length:99999999\n\n"), "the body is too large"),
        std::pair(std::string("SEND\ncontent-length:1\n\nabc"), "no NUL behind the body"),
        std::pair(sub + nul + "SUBSCRIBE\nid:2\ndestination:/topic/b\n\n" + nul +
                      "SUBSCRIBE\nid:3\ndestination:/topic/c\n\n",
                  "too many subscriptions")}) {
    WebSocketClient client = ConnectStomp();
    Send(&client, frames);
    ExpectError(&client, message);
  }
  std::string many = "SEND\n";
  for (int i = 0; i < 200; ++i) many += "a:b\n";
  WebSocketClient client = ConnectStomp();
  Send(&client, many + "\n");
  ExpectError(&client, "too many headers");
  PublishToUser("alice", "x");
  EXPECT_TRUE(Text(&witness).ends_with("\n\nx"));
}

TEST_F(StompTest, FramesCountAgainstTheLimitOfMessages) {
  options_.edge.max_messages_per_second = 20;
  StartEdge();
  WebSocketClient client = ConnectStomp();
  const std::string ack = std::string("ACK\nid:1\nreceipt:1\n\n") + '\0';
  std::string frames;
  for (int i = 0; i < 100; ++i) frames += ack;
  client.Say(frames);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Text(&client), "RECEIPT\nreceipt-id:1\n\n");
  ExpectError(&client, "too many messages", 1008);
}

TEST_F(StompTest, AnErrorNamesTheReceiptAndDisconnectGivesOne) {
  StartEdge();
  WebSocketClient client = ConnectStomp();
  Send(&client, "SEND\ndestination:/app/x\nreceipt:77\n\n");
  EXPECT_EQ(Text(&client), "ERROR\nmessage:nobody takes this destination\nreceipt-id:77\n\n");
  WebSocketClient polite = ConnectStomp();
  Send(&polite, "DISCONNECT\nreceipt:bye\n\n");
  EXPECT_EQ(Text(&polite), "RECEIPT\nreceipt-id:bye\n\n");
  EXPECT_EQ(polite.Next().CloseCode(), 1000);
  for (const char* command : {"ACK", "NACK", "BEGIN", "COMMIT", "ABORT"}) {
    WebSocketClient other = ConnectStomp();
    Send(&other, std::string(command) + "\nid:1\ntransaction:1\nreceipt:2\n\n");
    EXPECT_EQ(Text(&other), "RECEIPT\nreceipt-id:2\n\n");
  }
}

TEST_F(StompTest, EscapesAreUndoneAndMade) {
  StartEdge();
  WebSocketClient client = ConnectStomp();
  Send(&client, "SUBSCRIBE\nid:a\\cb\ndestination:/topic/x\\cy\\\\z\nreceipt:q\\n\n\n");
  EXPECT_EQ(Text(&client), "RECEIPT\nreceipt-id:q\\n\n\n");
  Publish(ChannelView::Topic("x:y\\z"), "", std::string("a\0b", 3));
  EXPECT_EQ(Text(&client),
            "MESSAGE\nsubscription:a\\cb\nmessage-id:e1-1\n"
            "destination:/topic/x\\cy\\\\z\ncontent-length:3\n\n" +
                std::string("a\0b", 3));
}

TEST_F(StompTest, BothSidesBeat) {
  StartEdge();
  WebSocketClient client = ConnectStomp("accept-version:1.2\nheart-beat:10000,10000\n");
  clock_.Advance(6s);
  EXPECT_EQ(Text(&client), "\n");
  client.Say("\n");
  AwaitShard();
  clock_.Advance(15s);
  EXPECT_EQ(Text(&client), "\n");
  AwaitShard();
  clock_.Advance(10s);
  std::string last = Text(&client);
  while (last == "\n") last = Text(&client);
  EXPECT_EQ(last, "ERROR\nmessage:no heart-beat\n\n");
  for (const char* bad : {"-1,x", "1", "1,", "1,2,3", "a,b"}) {
    WebSocketClient other = OpenStomp();
    Send(&other, std::string("CONNECT\naccept-version:1.2\nheart-beat:") + bad + "\n\n");
    ExpectError(&other, "heart-beat must be two whole numbers");
  }
}

class StompTokenTest : public StompTest {
 protected:
  StompTokenTest() { make_authenticator_ = TokenAuthenticator(); }
};

TEST_F(StompTokenTest, ConnectBringsTheToken) {
  StartEdge();
  WebSocketClient client = OpenStomp("/v1/ws");
  Send(&client, "CONNECT\naccept-version:1.2\nAuthorization:Bearer " + Token() + "\n\n");
  const std::string connected = Text(&client);
  EXPECT_NE(connected.find("\nuser-name:alice\n"), std::string::npos) << connected;
  EXPECT_NE(connected.find("\nconnection-id:"), std::string::npos) << connected;
  Subscribe(&client, "1", "/topic/dashboards.cpu");
  Send(&client, "SUBSCRIBE\nid:2\ndestination:/topic/secret\n\n");
  ExpectError(&client, "the destination is not granted");

  WebSocketClient nobody = OpenStomp("/v1/ws");
  Send(&nobody, "CONNECT\naccept-version:1.2\n\n");
  EXPECT_TRUE(Text(&nobody).starts_with("ERROR\n"));
  WebSocketClient forger = OpenStomp("/v1/ws");
  Send(&forger, "CONNECT\naccept-version:1.2\nAuthorization:Bearer " + Token() + "x\n\n");
  EXPECT_TRUE(Text(&forger).starts_with("ERROR\n"));
  // A token that is there at the handshake has to be good.
  EXPECT_EQ(Get("/v1/ws?access_token=x", kUpgrade + "Sec-WebSocket-Protocol: v12.stomp\r\n")
                .ReadResponse()
                .status,
            401);
  EXPECT_EQ(Get("/v1/ws", kUpgrade + "Sec-WebSocket-Protocol: v12.stomp\r\n"
                                     "Origin: https://evil.example\r\n")
                .ReadResponse()
                .status,
            403);
}

TEST_F(StompTokenTest, ItsEndIsAnErrorAndACode) {
  StartEdge();
  WebSocketClient client = OpenStomp("/v1/ws", BearerOf(Token(60s)));
  Send(&client, "CONNECT\naccept-version:1.2\n\n");
  EXPECT_TRUE(Text(&client).starts_with("CONNECTED\n"));
  clock_.Advance(61s);
  std::string last = Text(&client);
  while (last == "\n") last = Text(&client);
  EXPECT_EQ(last, "ERROR\nmessage:expired\n\n");
  EXPECT_EQ(client.Next().CloseCode(), 4001);
}

}  // namespace
}  // namespace sluice
