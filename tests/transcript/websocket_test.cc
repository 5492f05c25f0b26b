// WebSocket with the JSON protocol: the handshake, the stream, what clients may say, and the end.
#include <future>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "tests/transcript/websocket_fixture.h"

namespace sluice {
namespace {

namespace json = boost::json;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

TEST_F(WebSocketTest, AStreamIsConnectedEventsAndCursors) {
  StartEdge();
  WebSocketClient client = Open("/v1/ws?user=alice&topic=news");
  EXPECT_EQ(client.Next().payload,
            R"({"type":"connected","id":"e1-0","userId":"alice","resumed":false})");
  PublishToUser("alice", "hello");
  Publish(ChannelView::Topic("news"), "", "a \"b\"");
  EXPECT_EQ(client.Next().payload,
            R"({"type":"event","id":"e1-1","channel":"user","event":"note","data":"hello"})");
  EXPECT_EQ(client.Next().payload,
            R"({"type":"event","id":"e1-2","channel":"topic:news","data":"a \"b\""})");
  PublishToUser("bob", "not hers");
  AwaitEvents(3);
  AwaitShard();
  clock_.Advance(16s);
  EXPECT_EQ(client.Next().payload, R"({"type":"cursor","id":"e1-3"})");
  EXPECT_EQ(Metric("sluice_edge_sessions", "websocket"), 1);
}

TEST_F(WebSocketTest, ResumesAsSseDoesAlsoFromACursorOfSse) {
  StartEdge();
  RawClient sse = Stream("/v1/events?user=alice");
  PublishToUser("alice", "one");
  PublishToUser("alice", "two");
  EXPECT_TRUE(Block(&sse).starts_with("id: e1-1\n"));
  sse.Close();
  WebSocketClient client = Open("/v1/ws?user=alice&last_event_id=e1-1");
  EXPECT_EQ(client.Next().payload,
            R"({"type":"connected","id":"e1-1","userId":"alice","resumed":true})");
  EXPECT_EQ(client.NextJson().at("data").as_string(), "two");
  WebSocketClient lost = Connect("/v1/ws?user=alice&last_event_id=e0-1");
  EXPECT_EQ(lost.Next().payload,
            R"({"type":"gap","reason":"epoch","requested":"e0-1","resumeAt":"e1-2"})");
}

TEST_F(WebSocketTest, TheSubprotocolIsChosenOrRefused) {
  StartEdge();
  RawClient client =
      Get("/v1/ws?user=alice", kUpgrade + "Sec-WebSocket-Protocol: other, sluice.v1.json\r\n");
  EXPECT_NE(client.ReadThrough("\r\n\r\n").find("\r\nSec-WebSocket-Protocol: sluice.v1.json\r\n"),
            std::string::npos);
  RawClient in_lines =
      Get("/v1/ws?user=alice", "Upgrade: other\r\nConnection: keep-alive\r\n" + kUpgrade +
                                   "Sec-WebSocket-Protocol: other\r\n"
                                   "Sec-WebSocket-Protocol: sluice.v1.json\r\n");
  EXPECT_NE(in_lines.ReadThrough("\r\n\r\n").find("\r\nSec-WebSocket-Protocol: sluice.v1.json\r\n"),
            std::string::npos);
  EXPECT_EQ(Get("/v1/ws?user=alice", kUpgrade + "Sec-WebSocket-Protocol: other\r\n")
                .ReadResponse()
                .status,
            400);
}

// A client of STOMP that offers no subprotocol, as Spring's, would wait for CONNECTED for ever.
TEST_F(WebSocketTest, StompWithoutItsSubprotocolIsToldSo) {
  StartEdge();
  for (const std::string_view connect :
       {"CONNECT\naccept-version:1.1,1.2\n\n", "CONNECT\r\n\r\n", "STOMP\nhost:a\n\n"}) {
    WebSocketClient client = Open("/v1/ws?user=alice");
    EXPECT_EQ(client.NextType(), "connected");
    client.Say(std::string(connect) + '\0');
    const ServerFrame closed = client.Next();
    EXPECT_EQ(closed.CloseCode(), 1002);
    EXPECT_EQ(closed.payload.substr(2), "STOMP needs the subprotocol v12.stomp");
  }
  WebSocketClient client = Open("/v1/ws?user=alice");
  EXPECT_EQ(client.NextType(), "connected");
  EXPECT_EQ(client.Ask("CONNECTED").at("code"), "bad_request");
}

TEST_F(WebSocketTest, WhatIsNoHandshakeIsRefused) {
  StartEdge();
  const auto refused = [this](const std::string& headers) {
    return Get("/v1/ws?user=alice", headers).ReadResponse();
  };
  const std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const std::string upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
  const std::string version = "Sec-WebSocket-Version: 13\r\n";
  for (const std::string& headers :
       {std::string(), key + version, "Upgrade: h2c\r\nConnection: Upgrade\r\n" + key + version,
        "Upgrade: websocket\r\n" + key + version, upgrade + key,
        upgrade + key + "Sec-WebSocket-Version: 8\r\n",
        upgrade + key + "Sec-WebSocket-Version: 99\r\n", upgrade + key + version + version}) {
    const RawResponse response = refused(headers);
    EXPECT_EQ(response.status, 426) << headers;
    EXPECT_EQ(response.Header("Sec-WebSocket-Version"), "13") << headers;
  }
  for (const std::string& headers :
       {upgrade + version, upgrade + version + key + key,
        upgrade + version + "Sec-WebSocket-Key: dGhl\r\n",
        upgrade + version + "Sec-WebSocket-Key: !!!!!!!!!!!!!!!!!!!!!!==\r\n"}) {
    EXPECT_EQ(refused(headers).status, 400) << headers;
  }
  RawClient old = EdgeFixture::Connect();
  old.Send("GET /v1/ws?user=alice HTTP/1.0\r\nHost: localhost\r\n" + kUpgrade + "\r\n");
  EXPECT_EQ(old.ReadResponse().status, 400);
  RawClient post = EdgeFixture::Connect();
  post.Send("POST /v1/ws?user=alice HTTP/1.1\r\nHost: localhost\r\n" + kUpgrade + "\r\n");
  EXPECT_EQ(post.ReadResponse().status, 405);
  EXPECT_EQ(Get("/v1/ws", kUpgrade).ReadResponse().status, 401);
  EXPECT_EQ(
      Get("/v1/ws?user=alice", kUpgrade + "Origin: https://evil.example\r\n").ReadResponse().status,
      403);
  EXPECT_EQ(Metric("sluice_edge_sessions_opened_total"), 0);
}

TEST_F(WebSocketTest, SubscribesAndUnsubscribes) {
  StartEdge();
  WebSocketClient client = Connect();
  Publish(ChannelView::Topic("a"), "", "before");
  AwaitEvents(1);
  AwaitShard();
  EXPECT_EQ(client.Ask(R"({"type":"subscribe","topic":"a","ref":1})"),
            json::parse(R"({"type":"ok","ref":1})"));
  EXPECT_EQ(client.Ask(R"({"type":"subscribe","topic":"a","ref":"x"})").at("code").as_string(),
            "already_subscribed");
  EXPECT_EQ(client.Ask(R"({"type":"subscribe","topic":"b"})"), json::parse(R"({"type":"ok"})"));
  Publish(ChannelView::Topic("a"), "", "1");
  EXPECT_EQ(client.NextJson().at("data").as_string(), "1");
  EXPECT_EQ(client.Ask(R"({"type":"unsubscribe","topic":"a","ref":2})"),
            json::parse(R"({"type":"ok","ref":2})"));
  EXPECT_EQ(client.Ask(R"({"type":"unsubscribe","topic":"a"})").at("code").as_string(),
            "not_found");
  Publish(ChannelView::Topic("a"), "", "2");
  Publish(ChannelView::Topic("b"), "", "3");
  PublishToUser("alice", "4");
  EXPECT_EQ(client.NextJson().at("data").as_string(), "3");
  EXPECT_EQ(client.NextJson().at("data").as_string(), "4");
}

TEST_F(WebSocketTest, ATopicBeginsWhereItIsAskedTo) {
  StartEdge();
  for (const char* data : {"1", "2", "3"}) Publish(ChannelView::Topic("a"), "", data);
  AwaitEvents(3);
  WebSocketClient client = Connect();
  EXPECT_EQ(client.Ask(R"({"type":"subscribe","topic":"a","after":"e1-1"})").at("type"), "ok");
  EXPECT_EQ(client.NextJson().at("id").as_string(), "e1-2");
  EXPECT_EQ(client.NextJson().at("id").as_string(), "e1-3");
  client.Ask(R"({"type":"unsubscribe","topic":"a"})");
  EXPECT_EQ(client.Ask(R"({"type":"subscribe","topic":"a","from":"last"})").at("type"), "ok");
  EXPECT_EQ(client.NextJson().at("id").as_string(), "e1-3");
  client.Ask(R"({"type":"unsubscribe","topic":"a"})");
  client.Ask(R"({"type":"subscribe","topic":"a","from":"earliest"})");
  EXPECT_EQ(client.NextJson().at("id").as_string(), "e1-1");
}

TEST_F(WebSocketTest, ATopicWhoseCursorCannotBeHadIsAGap) {
  StartEdge();
  Publish(ChannelView::Topic("a"), "", "1");
  AwaitEvents(1);
  WebSocketClient client = Connect();
  for (const auto& [after, reason] : {std::pair("e0-1", "epoch"), std::pair("e1-9", "invalid"),
                                      std::pair("", "invalid"), std::pair("-1", "invalid")}) {
    EXPECT_EQ(
        client.Ask(std::string(R"({"type":"subscribe","topic":"a","after":")") + after + "\"}")
            .at("type"),
        "ok");
    const json::value gap = client.NextJson();
    EXPECT_EQ(gap.at("type").as_string(), "gap");
    EXPECT_EQ(gap.at("reason").as_string(), reason) << after;
    EXPECT_EQ(gap.at("channel").as_string(), "topic:a");
    EXPECT_EQ(gap.at("resumeAt").as_string(), "e1-1");
    client.Ask(R"({"type":"unsubscribe","topic":"a"})");
  }
}

TEST_F(WebSocketTest, WhatCannotBeDoneIsAnErrorAndTheStreamGoesOn) {
  options_.edge.max_topics_per_session = 2;
  StartEdge();
  WebSocketClient client = Connect();
  for (const auto& [text, code] :
       {std::pair("x", "bad_request"), std::pair("{}", "bad_request"),
        std::pair(R"({"type":"dance"})", "bad_request"),
        std::pair(R"({"type":"subscribe"})", "bad_request"),
        std::pair(R"({"type":"subscribe","topic":"a\n"})", "bad_request"),
        std::pair(R"({"type":"subscribe","topic":"a","from":"tomorrow"})", "bad_request"),
        std::pair(R"({"type":"subscribe","topic":"\u0001revocations"})", "bad_request"),
        std::pair(R"({"type":"unsubscribe","topic":"a"})", "not_found"),
        std::pair(R"({"type":"send","destination":"x","data":"y"})", "not_found")}) {
    const json::value answer = client.Ask(text);
    EXPECT_EQ(answer.at("type").as_string(), "error") << text;
    EXPECT_EQ(answer.at("code").as_string(), code) << text;
  }
  client.Ask(R"({"type":"subscribe","topic":"a"})");
  client.Ask(R"({"type":"subscribe","topic":"b"})");
  EXPECT_EQ(client.Ask(R"({"type":"subscribe","topic":"c"})").at("code").as_string(),
            "too_many_topics");
  PublishToUser("alice", "on");
  EXPECT_EQ(client.NextJson().at("data").as_string(), "on");
}

TEST_F(WebSocketTest, PingsAreAnsweredAndACloseIsRepeated) {
  StartEdge();
  WebSocketClient client = Connect();
  client.Send(ClientFrame(0x89, "are you there"));
  const ServerFrame pong = client.Next();
  EXPECT_EQ(pong.first, 0x8a);
  EXPECT_EQ(pong.payload, "are you there");
  client.Send(ClientFrame(0x8a, "unasked"));
  client.Send(ClientFrame(0x88,
                          "\x0b\xb8"
                          "bye"));  // 3000
  EXPECT_EQ(client.Next().CloseCode(), 3000);
  EXPECT_EQ(client.Rest(), "");
  EXPECT_FALSE(client.raw().was_reset());
  AwaitMetric("sluice_edge_sessions_closed_total", 1, "client");
}

TEST_F(WebSocketTest, WhatAClientMustNotSendEndsItWithTheCodeThatSaysWhy) {
  options_.edge.max_message_bytes = 1024;
  StartEdge();
  WebSocketClient witness = Connect("/v1/ws?user=witness");
  int count = 0;
  for (const auto& [octets, code] :
       {std::pair(std::string("\x81\x01x"), 1002), std::pair(ClientFrame(0xc1, "x"), 1002),
        std::pair(ClientFrame(0x82, "x"), 1003), std::pair(ClientFrame(0x81, "\xff"), 1007),
        std::pair(ClientFrame(0x81, std::string(1025, ' ')), 1009),
        std::pair(ClientFrame(0x88, "\x03"), 1002), std::pair(ClientFrame(0x80, "x"), 1002)}) {
    WebSocketClient client = Connect();
    client.Send(octets + ClientFrame(0x81, "{}"));  // what follows is not listened to
    EXPECT_EQ(client.Next().CloseCode(), code) << count;
    EXPECT_EQ(client.Rest(), "");
    AwaitMetric("sluice_edge_sessions_closed_total", ++count, "protocol");
  }
  PublishToUser("witness", "x");
  EXPECT_EQ(witness.NextJson().at("data").as_string(), "x");
}

TEST_F(WebSocketTest, AFloodEndsWithPolicyViolation) {
  options_.edge.max_messages_per_second = 10;
  StartEdge();
  WebSocketClient client = Connect();
  for (int second = 0; second < 3; ++second) {
    for (int i = 0; i < 10; ++i) client.Send(ClientFrame(0x89, ""));
    for (int i = 0; i < 10; ++i) EXPECT_EQ(client.Next().first, 0x8a);
    clock_.Advance(1500ms);
    AwaitShard();
  }
  for (int i = 0; i < 11; ++i) client.Send(ClientFrame(0x89, ""));
  ServerFrame last;
  for (int i = 0; i < 11; ++i) last = client.Next();
  EXPECT_EQ(last.CloseCode(), 1008);
}

TEST_F(WebSocketTest, TheServerSaysWhyItEndsAStream) {
  options_.edge.max_sessions = 1;
  StartEdge();
  WebSocketClient client = Connect();
  WebSocketClient second = Open("/v1/ws?user=bob");
  EXPECT_EQ(second.Next().payload, R"({"type":"closing","reason":"overload"})");
  EXPECT_EQ(second.Next().CloseCode(), 1013);
  EXPECT_EQ(second.Rest(), "");
  std::future<void> stopped = std::async(std::launch::async, [this] { StopEdge(); });
  EXPECT_EQ(client.Next().payload, R"({"type":"closing","reason":"shutdown"})");
  EXPECT_EQ(client.Next().CloseCode(), 1001);
  EXPECT_EQ(client.Rest(), "");
  EXPECT_FALSE(client.raw().was_reset());
  client.raw().Close();
  second.raw().Close();
  stopped.get();
}

TEST_F(WebSocketTest, WithoutKeysATokenIsNotUsed) {
  StartEdge();
  WebSocketClient client = Connect();
  const json::value answer = client.Ask(R"({"type":"token","token":"x","ref":1})");
  EXPECT_EQ(answer.at("code").as_string(), "forbidden");
  EXPECT_EQ(answer.at("message").as_string(), "tokens are not used here: the query named the user");
  EXPECT_EQ(Metric("sluice_edge_auth_failures_total"), 0);
}

class WebSocketTokenTest : public WebSocketTest {
 protected:
  WebSocketTokenTest() { make_authenticator_ = TokenAuthenticator(); }
};

TEST_F(WebSocketTokenTest, ItIsRenewedInTheStream) {
  StartEdge();
  WebSocketClient client = Connect("/v1/ws", BearerOf(Token(60s)));
  const auto renew = [&](const std::string& token) {
    return client.Ask(R"({"type":"token","ref":"r","token":")" + token + "\"}");
  };
  EXPECT_EQ(renew(TokenWith({{"sub", "bob"}})).at("code").as_string(), "forbidden");
  EXPECT_EQ(renew("x").at("code").as_string(), "unauthenticated");
  EXPECT_EQ(renew(Token(200s)), json::parse(R"({"type":"ok","ref":"r"})"));
  clock_.Advance(100s);
  AwaitShard();
  EXPECT_EQ(client.Ask(R"({"type":"subscribe","topic":"secret"})").at("code").as_string(),
            "forbidden");
  EXPECT_EQ(client.Ask(R"({"type":"subscribe","topic":"dashboards.cpu"})").at("type"), "ok");
  EXPECT_EQ(renew(TokenWith({{"topics", json::array()}})).at("code").as_string(), "forbidden");
  clock_.Advance(101s);
  json::value last;
  ServerFrame frame = client.Next();
  while (frame.first == 0x81) {
    last = frame.Json();
    frame = client.Next();
  }
  EXPECT_EQ(last, json::parse(R"({"type":"closing","reason":"expired"})"));
  EXPECT_EQ(frame.CloseCode(), 4001);
}

TEST_F(WebSocketTokenTest, ARevokedTokenEndsItWith4003) {
  StartEdge();
  WebSocketClient client = Connect("/v1/ws", BearerOf(Token()));
  RevokeToken("t1");
  EXPECT_EQ(client.NextType(), "closing");
  EXPECT_EQ(client.Next().CloseCode(), 4003);
}

}  // namespace
}  // namespace sluice
