// SockJS: every transport as bytes, what they carry, and how sessions end.
#include <future>
#include <string>
#include <string_view>

#include "tests/transcript/websocket_fixture.h"

namespace sluice {
namespace {

using std::chrono_literals::operator""s;

const std::string kBase = "/v1/sockjs";
const std::string kConnect = R"(["CONNECT\naccept-version:1.2\n\n\u0000"])";
const std::string kSubscribe =
    R"(["SUBSCRIBE\nid:1\ndestination:/user/queue\nreceipt:r\n\n\u0000"])";
const std::string kSubscribed = "a[\"RECEIPT\\nreceipt-id:r\\n\\n\\u0000\"]\n";

class SockJsTest : public WebSocketTest {
 protected:
  static std::string Path(const std::string& session, const std::string& transport) {
    return kBase + "/000/" + session + "/" + transport + "?user=alice";
  }
  // A request that has not been answered yet.
  RawClient Begin(const std::string& method, const std::string& target,
                  const std::string& body = "", const std::string& headers = "") {
    RawClient client = WebSocketTest::EdgeFixture::Connect();
    SendOver(&client, method, target, body, headers);
    return client;
  }
  static void SendOver(RawClient* client, const std::string& method, const std::string& target,
                       const std::string& body = "", const std::string& headers = "") {
    client->Send(method + " " + target + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                 std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body);
  }
  RawResponse Request(const std::string& method, const std::string& target,
                      const std::string& body = "", const std::string& headers = "") {
    return Begin(method, target, body, headers).ReadResponse();
  }
  std::string Poll(const std::string& session) {
    return Request("POST", Path(session, "xhr")).body;
  }
  RawResponse Send(const std::string& session, const std::string& body) {
    return Request("POST", Path(session, "xhr_send"), body);
  }
  // One that has subscribed to alice's queue, by polling.
  void Subscribe(const std::string& session) {
    EXPECT_EQ(Poll(session), "o\n");
    EXPECT_EQ(Send(session, kConnect).status, 204);
    EXPECT_TRUE(Poll(session).starts_with("a[\"CONNECTED\\nversion:1.2\\n"));
    EXPECT_EQ(Send(session, kSubscribe).status, 204);
    EXPECT_EQ(Poll(session), kSubscribed);
  }
  static std::string Message(int sequence, const std::string& data) {
    return "\"MESSAGE\\nsubscription:1\\nmessage-id:e1-" + std::to_string(sequence) +
           "\\ndestination:/user/queue/note\\ntype:note\\ncontent-length:" +
           std::to_string(data.size()) + "\\n\\n" + data + "\\u0000\"";
  }
};

TEST_F(SockJsTest, PagesAreThoseOfTheProtocol) {
  StartEdge();
  for (const char* path : {"/v1/sockjs", "/v1/sockjs/"}) {
    const RawResponse greeting = Request("GET", path);
    EXPECT_EQ(greeting.status, 200);
    EXPECT_EQ(greeting.Header("Content-Type"), "text/plain; charset=UTF-8");
    EXPECT_EQ(greeting.body, "Welcome to SockJS!\n");
  }
  const RawResponse info = Request("GET", kBase + "/info");
  EXPECT_EQ(info.Header("Content-Type"), "application/json; charset=UTF-8");
  EXPECT_NE(info.Header("Cache-Control").find("no-store"), std::string::npos);
  const auto data = boost::json::parse(info.body);
  EXPECT_EQ(data.at("websocket"), true);
  EXPECT_EQ(data.at("cookie_needed"), false);
  EXPECT_EQ(data.at("origins"), (boost::json::array{"*:*"}));
  EXPECT_NE(data.at("entropy"),
            boost::json::parse(Request("GET", kBase + "/info").body).at("entropy"));

  const RawResponse script = Request("GET", kBase + "/sockjs-1.6.1.min.js");
  EXPECT_EQ(script.Header("Content-Type"), "text/javascript; charset=UTF-8");
  EXPECT_TRUE(script.body.starts_with("/* sockjs-client v1.6.1 "));
  for (const char* page : {"/iframe.html", "/iframe-a.html", "/iframe-0.1.2-dev_1.html"}) {
    const RawResponse iframe = Request("GET", kBase + page);
    EXPECT_EQ(iframe.Header("Content-Type"), "text/html; charset=UTF-8");
    EXPECT_EQ(iframe.Header("Cache-Control"), "public, max-age=31536000");
    EXPECT_NE(iframe.body.find("src=\"sockjs-1.6.1.min.js\""), std::string::npos);
    const std::string tag = "If-None-Match: " + iframe.Header("ETag") + "\r\n";
    RawClient again = Begin("GET", kBase + page, "", tag);
    EXPECT_TRUE(again.ReadThrough("\r\n\r\n").starts_with("HTTP/1.1 304 "));
  }
}

TEST_F(SockJsTest, OtherPathsAndMethodsAreRefused) {
  StartEdge();
  for (const char* path : {"/a",
                           "/a.html",
                           "//",
                           "///",
                           "/a/a",
                           "/a/a/",
                           "/abc",
                           "/iframe",
                           "/IFRAME.html",
                           "/iframe.xml",
                           "/iframe_/x.html",
                           "/a/a/a/xhr",
                           "/a./b/xhr",
                           "/a/b.c/xhr",
                           "//b/xhr",
                           "/a//xhr",
                           "/a/b/htmlfile",
                           "/a/b/jsonp",
                           "/a/b/xhr/",
                           "/info/",
                           "s"}) {
    EXPECT_EQ(Request("GET", kBase + path).status, 404) << path;
  }
  const std::string long_id(65, 'a');
  EXPECT_EQ(Request("POST", kBase + "/a/" + long_id + "/xhr").status, 404);
  for (const char* transport : {"xhr", "xhr_streaming", "xhr_send"}) {
    const RawResponse response = Request("GET", Path("s", transport));
    EXPECT_EQ(response.status, 405) << transport;
    EXPECT_EQ(response.Header("Allow"), "POST, OPTIONS");
  }
  EXPECT_EQ(Request("POST", Path("s", "eventsource")).status, 405);
  EXPECT_EQ(Request("POST", kBase + "/info").status, 405);
  EXPECT_EQ(Request("GET", Path("s", "websocket")).status, 426);
}

TEST_F(SockJsTest, APageOfAnAllowedOriginMayAsk) {
  options_.edge.allowed_origins = {"https://app.example"};
  StartEdge();
  const std::string ours = "Origin: https://app.example\r\n";
  for (const auto& [path, methods] :
       {std::pair("/info", "OPTIONS, GET"), std::pair("/a/b/xhr", "OPTIONS, POST"),
        std::pair("/a/b/xhr_send", "OPTIONS, POST"),
        std::pair("/a/b/xhr_streaming", "OPTIONS, POST"),
        std::pair("/a/b/eventsource", "OPTIONS, GET")}) {
    const RawResponse preflight =
        Request("OPTIONS", kBase + path, "", ours + "Access-Control-Request-Headers: a, b, c\r\n");
    EXPECT_EQ(preflight.status, 204) << path;
    EXPECT_EQ(preflight.Header("Access-Control-Allow-Origin"), "https://app.example");
    EXPECT_EQ(preflight.Header("Access-Control-Allow-Credentials"), "true");
    EXPECT_EQ(preflight.Header("Access-Control-Allow-Methods"), methods);
    EXPECT_EQ(preflight.Header("Access-Control-Allow-Headers"), "a, b, c");
    EXPECT_EQ(preflight.Header("Access-Control-Max-Age"), "31536000");
    EXPECT_EQ(preflight.Header("Cache-Control"), "public, max-age=31536000");
  }
  const RawResponse opened = Request("POST", Path("s", "xhr"), "", ours);
  EXPECT_EQ(opened.body, "o\n");
  EXPECT_EQ(opened.Header("Access-Control-Allow-Origin"), "https://app.example");
  const RawResponse sent = Request("POST", Path("s", "xhr_send"), "[]", ours);
  EXPECT_EQ(sent.status, 204);
  EXPECT_EQ(sent.Header("Access-Control-Allow-Origin"), "https://app.example");

  const std::string evil = "Origin: https://evil.example\r\n";
  EXPECT_EQ(Request("OPTIONS", kBase + "/a/b/xhr", "", evil).status, 403);
  EXPECT_EQ(Request("POST", Path("t", "xhr"), "", evil).status, 403);
  EXPECT_EQ(Request("POST", Path("s", "xhr_send"), kConnect, evil).status, 403);
  EXPECT_EQ(Request("GET", Path("t", "eventsource"), "", evil).status, 403);
  EXPECT_EQ(Request("GET", kBase + "/info", "", evil).Header("Access-Control-Allow-Origin"), "");
}

TEST_F(SockJsTest, PollingCarriesStomp) {
  StartEdge();
  RawClient client = Begin("POST", Path("s1", "xhr"));
  const RawResponse opened = client.ReadResponse();
  EXPECT_EQ(opened.body, "o\n");
  EXPECT_EQ(opened.Header("Content-Type"), "application/javascript; charset=UTF-8");
  EXPECT_EQ(opened.Header("Cache-Control"),
            "no-store, no-cache, no-transform, must-revalidate, max-age=0");
  EXPECT_EQ(Send("s1", kConnect).status, 204);
  SendOver(&client, "POST", Path("s1", "xhr"));  // over the same connection
  EXPECT_TRUE(client.ReadResponse().body.starts_with("a[\"CONNECTED\\nversion:1.2\\n"));
  EXPECT_EQ(Send("s1", kSubscribe).status, 204);
  // What server it names is of no interest.
  EXPECT_EQ(Request("POST", kBase + "/999/s1/xhr?user=alice").body, kSubscribed);
  EXPECT_EQ(Metric("sluice_edge_sessions", "stomp"), 1);

  RawClient waiting = Begin("POST", Path("s1", "xhr"));
  PublishToUser("alice", "x");
  EXPECT_EQ(waiting.ReadResponse().body, "a[" + Message(1, "x") + "]\n");
  PublishToUser("alice", "y");
  PublishToUser("alice", "z");
  AwaitEvents(3);
  AwaitShard();
  EXPECT_EQ(Poll("s1"), "a[" + Message(2, "y") + "," + Message(3, "z") + "]\n");
}

TEST_F(SockJsTest, StreamingSendsFramesInChunks) {
  StartEdge();
  RawClient client = Begin("POST", Path("s2", "xhr_streaming"));
  const std::string head = client.ReadThrough("\r\n\r\n");
  EXPECT_NE(head.find("\r\nTransfer-Encoding: chunked\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("\r\nContent-Type: application/javascript; charset=UTF-8\r\n"),
            std::string::npos);
  EXPECT_EQ(client.ReadThrough("\n\r\n"), "801\r\n" + std::string(2048, 'h') + "\n\r\n");
  EXPECT_EQ(client.ReadThrough("o\n\r\n"), "2\r\no\n\r\n");
  EXPECT_EQ(Send("s2", kConnect).status, 204);
  EXPECT_NE(client.ReadThrough("]\n\r\n").find("a[\"CONNECTED\\n"), std::string::npos);
  EXPECT_EQ(Send("s2", kSubscribe).status, 204);
  EXPECT_NE(client.ReadThrough("]\n\r\n").find(kSubscribed), std::string::npos);
  PublishToUser("alice", "x");
  EXPECT_NE(client.ReadThrough("]\n\r\n").find("a[" + Message(1, "x") + "]\n"), std::string::npos);
}

TEST_F(SockJsTest, AStreamEndsAfter128KibAndTheNextGoesOn) {
  StartEdge();
  Subscribe("s3");
  RawClient client = Begin("POST", Path("s3", "xhr_streaming"));
  client.ReadThrough("h\n\r\n");
  const std::string data(4000, 'x');
  for (int i = 1; i <= 40; ++i) PublishToUser("alice", data);
  const std::string first = client.ReadThrough("\r\n0\r\n\r\n");
  EXPECT_GT(first.size(), 128u << 10);
  EXPECT_LT(first.size(), 200u << 10);
  std::string all = first;
  SendOver(&client, "POST", Path("s3", "xhr_streaming"));  // the connection is kept
  all += client.ReadThrough("message-id:e1-40\\n");
  for (int i = 1; i <= 40; ++i) {
    EXPECT_NE(all.find("message-id:e1-" + std::to_string(i) + "\\n"), std::string::npos) << i;
  }
}

TEST_F(SockJsTest, Http10HasNoChunks) {
  StartEdge();
  RawClient client = WebSocketTest::EdgeFixture::Connect();
  client.Send("POST " + Path("s4", "xhr_streaming") + " HTTP/1.0\r\nHost: localhost\r\n\r\n");
  const std::string head = client.ReadThrough("\r\n\r\n");
  EXPECT_EQ(head.find("chunked"), std::string::npos);
  EXPECT_NE(head.find("\r\nConnection: close\r\n"), std::string::npos);
  EXPECT_EQ(client.ReadThrough("o\n"), std::string(2048, 'h') + "\no\n");
}

TEST_F(SockJsTest, EventSourceSendsFramesAsData) {
  StartEdge();
  RawClient client = Begin("GET", Path("s5", "eventsource"));
  const std::string head = client.ReadThrough("\r\n\r\n");
  EXPECT_NE(head.find("\r\nContent-Type: text/event-stream; charset=UTF-8\r\n"), std::string::npos);
  EXPECT_EQ(client.ReadThrough("o\r\n\r\n\r\n"), "2\r\n\r\n\r\nb\r\ndata: o\r\n\r\n\r\n");
  EXPECT_EQ(Send("s5", kConnect).status, 204);
  EXPECT_NE(client.ReadThrough("]\r\n\r\n\r\n").find("data: a[\"CONNECTED\\n"), std::string::npos);
}

TEST_F(SockJsTest, WebSocketSendsFramesAsText) {
  StartEdge();
  WebSocketClient client = Open(Path("s6", "websocket"));
  EXPECT_EQ(client.Next().payload, "o");
  client.Say("");
  client.Say(R"("CONNECT\naccept-version:1.2\n\n\u0000")");  // a lone message
  EXPECT_TRUE(client.Next().payload.starts_with("a[\"CONNECTED\\n"));
  client.Say(kSubscribe);
  EXPECT_EQ(client.Next().payload + "\n", kSubscribed);
  PublishToUser("alice", "x");
  EXPECT_EQ(client.Next().payload, "a[" + Message(1, "x") + "]");
  client.Send(ClientFrame(0x89, "ping"));
  EXPECT_EQ(client.Next().payload, "ping");
  client.Send(ClientFrame(0x88, "\x03\xe8"));
  EXPECT_EQ(client.Next().CloseCode(), 1000);
  EXPECT_EQ(client.Rest(), "");
  AwaitMetric("sluice_edge_sessions", 0);

  WebSocketClient broken = Open(Path("s6", "websocket"));
  EXPECT_EQ(broken.Next().payload, "o");
  broken.Say("[\"x");
  EXPECT_EQ(broken.Rest(), "");
}

TEST_F(SockJsTest, RawWebSocketIsStompItself) {
  StartEdge();
  WebSocketClient client = Open(kBase + "/websocket?user=alice");
  client.Say(std::string("CONNECT\naccept-version:1.2\n\n\0", 29));
  EXPECT_TRUE(client.Next().payload.starts_with("CONNECTED\nversion:1.2\n"));
}

TEST_F(SockJsTest, WhatStompSaysLastIsTheCloseFrame) {
  StartEdge();
  EXPECT_EQ(Poll("s7"), "o\n");
  EXPECT_EQ(Send("s7", R"(["DANCE\n\n\u0000"])").status, 204);
  EXPECT_TRUE(Poll("s7").starts_with("a[\"ERROR\\nmessage:CONNECT comes first\\n"));
  EXPECT_EQ(Poll("s7"), "c[1002,\"CONNECT comes first\"]\n");
  EXPECT_EQ(Poll("s7"), "c[1002,\"CONNECT comes first\"]\n");  // as often as it is asked
  EXPECT_EQ(Send("s7", kConnect).status, 404);

  WebSocketClient client = Open(Path("s7", "websocket"));
  EXPECT_EQ(client.Next().payload, "o");
  client.Say(R"(["DANCE\n\n\u0000"])");
  EXPECT_TRUE(client.Next().payload.starts_with("a[\"ERROR\\n"));
  EXPECT_EQ(client.Next().payload, "c[1002,\"CONNECT comes first\"]");
  EXPECT_EQ(client.Next().CloseCode(), 1000);
}

TEST_F(SockJsTest, WhoDoesNotPollCostsACursorAndMissesNothing) {
  constexpr int kEvents = 2'000;
  StartEdge();
  Subscribe("s18");
  const std::string data(4'000, 'x');
  for (int i = 1; i <= kEvents; ++i) PublishToUser("alice", data);
  AwaitMetric("sluice_edge_blocked_sessions", 1);
  EXPECT_LT(Metric("sluice_edge_unsent_bytes"), 8'192);  // of 8 MB
  int next = 1;
  for (int polls = 0; next <= kEvents && polls < kEvents; ++polls) {
    const std::string frame = Poll("s18");
    for (size_t at = frame.find("message-id:e1-"); at != std::string::npos;
         at = frame.find("message-id:e1-", at + 1)) {
      ASSERT_EQ(std::stoi(frame.substr(at + 14)), next);
      ++next;
    }
  }
  EXPECT_EQ(next, kEvents + 1);
}

TEST_F(SockJsTest, WhatIsBehindAReceiversRequestIsAskedAnew) {
  StartEdge();
  Subscribe("s19");
  PublishToUser("alice", "x");
  RawClient client = WebSocketTest::EdgeFixture::Connect();
  const std::string request = "POST " + Path("s19", "xhr") + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  client.Send(request + request);
  const std::string all = client.ReadToEnd();
  EXPECT_NE(all.find("\r\nConnection: close\r\n"), std::string::npos);
  EXPECT_TRUE(all.ends_with("a[" + Message(1, "x") + "]\n")) << all;
}

TEST_F(SockJsTest, AnUpgradeElsewhereIsNone) {
  StartEdge();
  EXPECT_EQ(Request("POST", Path("s20", "xhr"), "", kUpgrade).body, "o\n");
  EXPECT_EQ(Request("POST", Path("s20", "xhr_send"), "[]", kUpgrade).status, 204);
  EXPECT_EQ(Request("GET", kBase + "/info", "", kUpgrade).status, 200);
}

TEST_F(SockJsTest, OnlyOneReceives) {
  StartEdge();
  Subscribe("s8");
  RawClient first = Begin("POST", Path("s8", "xhr_streaming"));
  first.ReadThrough("h\n\r\n");
  AwaitShard();
  EXPECT_EQ(Poll("s8"), "c[2010,\"Another connection still open\"]\n");
  PublishToUser("alice", "x");
  EXPECT_NE(first.ReadThrough("]\n\r\n").find(Message(1, "x")), std::string::npos);
  // One that goes while it waits takes the session with it: nobody knows what it got.
  first.Close();
  AwaitMetric("sluice_edge_sessions", 0);
  EXPECT_EQ(Poll("s8"), "c[1002,\"Connection interrupted\"]\n");
}

TEST_F(SockJsTest, WhatIsSentIsChecked) {
  StartEdge();
  EXPECT_EQ(Send("s9", "[]").status, 404);
  EXPECT_EQ(Poll("s9"), "o\n");
  for (const auto& [body, answer] :
       {std::pair("", "Payload expected."), std::pair("[\"x", "Broken JSON encoding."),
        std::pair("x", "Broken JSON encoding."), std::pair("{}", "Payload expected."),
        std::pair("[1]", "Payload expected."), std::pair("[[\"a\"]]", "Payload expected."),
        std::pair("[\"\\ud800\"]", "Broken JSON encoding."),
        std::pair("[\"\xff\"]", "Broken JSON encoding."),
        std::pair("[[[[[[]]]]]]", "Broken JSON encoding.")}) {
    const RawResponse response = Send("s9", body);
    EXPECT_EQ(response.status, 500) << body;
    EXPECT_EQ(response.body, answer) << body;
  }
  EXPECT_EQ(Send("s9", std::string(70'000, ' ')).status, 413);
  const RawResponse sent = Send("s9", "[]");
  EXPECT_EQ(sent.status, 204);
  EXPECT_EQ(sent.Header("Content-Type"), "text/plain; charset=UTF-8");
  // More messages than a session may send in a second.
  std::string many = "[";
  for (int i = 0; i < 20'000; ++i) many += "\"\",";
  many.back() = ']';
  EXPECT_EQ(Send("s9", many).status, 204);
}

TEST_F(SockJsTest, TextComesThroughUnchanged) {
  StartEdge();
  Subscribe("s10");
  PublishToUser("alice", "\xe2\x80\xa8 \xf0\x9f\x98\x80 \xef\xbf\xbf \xe4\xbd\xa0 \"\\\x01");
  AwaitEvents(1);
  AwaitShard();
  const std::string frame = Poll("s10");
  EXPECT_NE(frame.find(R"(\n\n\u2028 \ud83d\ude00 \uffff )"
                       "\xe4\xbd\xa0"
                       R"( \"\\\u0001\u0000"])"),
            std::string::npos)
      << frame;
}

TEST_F(SockJsTest, SilenceIsFilledEvery25Seconds) {
  options_.edge.heartbeat_interval = 60s;  // STOMP's own
  StartEdge();
  Subscribe("s11");
  RawClient client = Begin("POST", Path("s11", "xhr"));
  for (int i = 0; i < 24; ++i) {
    AwaitShard();
    clock_.Advance(1s);
  }
  AwaitShard();
  EXPECT_FALSE(client.HasInput());
  for (int i = 0; i < 2; ++i) {
    clock_.Advance(1s);
    AwaitShard();
  }
  EXPECT_EQ(client.ReadResponse().body, "h\n");
}

TEST_F(SockJsTest, ASessionEndsFiveSecondsAfterItsReceiver) {
  StartEdge();
  Subscribe("s12");
  for (int i = 0; i < 4; ++i) {
    clock_.Advance(1s);
    AwaitShard();
  }
  EXPECT_EQ(Metric("sluice_edge_sessions", "stomp"), 1);
  clock_.Advance(2s);
  AwaitMetric("sluice_edge_sessions", 0);
  EXPECT_EQ(Send("s12", "[]").status, 404);
  EXPECT_EQ(Poll("s12"), "o\n");
}

TEST_F(SockJsTest, WhoIsCallingIsAskedAtTheOpening) {
  make_authenticator_ = TokenAuthenticator();
  StartEdge();
  const auto poll = [this](const std::string& session, const std::string& headers = "") {
    return Request("POST", kBase + "/0/" + session + "/xhr", "", headers);
  };
  const auto send = [this](const std::string& session, const std::string& body,
                           const std::string& headers = "") {
    return Request("POST", kBase + "/0/" + session + "/xhr_send", body, headers).status;
  };
  EXPECT_EQ(poll("s13", "Authorization: Bearer x\r\n").status, 401);
  const std::string bearer = Bearer();
  EXPECT_EQ(poll("s13", bearer).body, "o\n");
  EXPECT_EQ(send("s13", kConnect, bearer), 204);
  EXPECT_NE(poll("s13", bearer).body.find("user-name:alice\\n"), std::string::npos);
  // Or in CONNECT.
  EXPECT_EQ(poll("s14").body, "o\n");
  EXPECT_EQ(send("s14", R"(["CONNECT\naccept-version:1.2\nAuthorization:Bearer )" + Token() +
                            R"(\n\n\u0000"])"),
            204);
  EXPECT_NE(poll("s14").body.find("user-name:alice\\n"), std::string::npos);
  EXPECT_EQ(poll("s15").body, "o\n");
  EXPECT_EQ(send("s15", kConnect), 204);
  EXPECT_TRUE(poll("s15").body.starts_with("a[\"ERROR\\n"));
}

TEST_F(SockJsTest, WhoKnowsTheIdAloneTakesNoPart) {
  make_authenticator_ = TokenAuthenticator();
  StartEdge();
  const std::string alice = Bearer();
  const std::string path = kBase + "/0/s17/";
  EXPECT_EQ(Request("POST", path + "xhr", "", alice).body, "o\n");
  const std::string bob = BearerOf(TokenWith({{"sub", "bob"}}));
  for (const auto& [other, status] : {std::pair(std::string(), 401), std::pair(bob, 403)}) {
    EXPECT_EQ(Request("POST", path + "xhr", "", other).status, status);
    EXPECT_EQ(Request("POST", path + "xhr_send", kConnect, other).status, 404);
  }
  // Another token of the same user is as good.
  const std::string newer = BearerOf(TokenWith({{"jti", "t2"}}));
  EXPECT_EQ(Request("POST", path + "xhr_send", kConnect, newer).status, 204);
  const std::string connected = Request("POST", path + "xhr", "", newer).body;
  const size_t name = connected.find("connection-id:") + 14;
  const std::string id = connected.substr(name, connected.find("\\n", name) - name);
  EXPECT_EQ(Request("POST", path + "xhr_send", kSubscribe, alice).status, 204);
  EXPECT_EQ(Request("POST", path + "xhr", "", alice).body, kSubscribed);
  // So is the first when it is over, if the session was renewed.
  RawClient waiting = Begin("POST", path + "xhr_streaming", "", alice);
  waiting.ReadThrough("h\n\r\n");
  const std::string later = BearerOf(TokenWith({{"jti", "t3"}}, 10 * kMinute));
  EXPECT_EQ(Request("POST", "/v1/token", R"({"connectionId":")" + id + R"("})", later).status, 200);
  for (int i = 0; i < 120; ++i) {
    clock_.Advance(1s);
    AwaitShard();
  }
  EXPECT_EQ(Get("/v1/events", alice).ReadResponse().status, 401);
  EXPECT_EQ(Request("POST", path + "xhr_send", "[]", alice).status, 204);
}

TEST_F(SockJsTest, EachShardReachesEverySession) {
  options_.edge.shards = 4;
  StartEdge();
  for (int i = 0; i < 20; ++i) Subscribe("many-" + std::to_string(i));
  EXPECT_EQ(Metric("sluice_edge_sessions", "stomp"), 20);
}

TEST_F(SockJsTest, AStopIsSaid) {
  StartEdge();
  Subscribe("s16");
  RawClient client = Begin("POST", Path("s16", "xhr_streaming"));
  client.ReadThrough("h\n\r\n");
  AwaitShard();
  std::future<void> stopped = std::async(std::launch::async, [this] { StopEdge(); });
  const std::string rest = client.ReadToEnd();
  client.Close();
  stopped.get();
  EXPECT_NE(rest.find("ERROR\\nmessage:shutdown\\n"), std::string::npos) << rest;
  EXPECT_NE(rest.find("c[1001,\"shutdown\"]\n"), std::string::npos) << rest;
  EXPECT_TRUE(rest.ends_with("0\r\n\r\n")) << rest;
}

}  // namespace
}  // namespace sluice
