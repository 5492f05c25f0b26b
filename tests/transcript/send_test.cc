// What clients send: to backends, along routes, to topics; answers in order, once it is stored.
#include <string>
#include <string_view>

#include "tests/fake_message_queue.h"
#include "tests/transcript/websocket_fixture.h"

namespace sluice {
namespace {

namespace json = boost::json;
using std::chrono_literals::operator""ms;

class SendTest : public WebSocketTest {
 protected:
  SendTest() { messages_ = &queue_; }
  ~SendTest() override { StopEdge(); }

  WebSocketClient ConnectStomp(const std::string& target = "/v1/ws?user=alice",
                               const std::string& headers = "") {
    WebSocketClient client = Open(target, "Sec-WebSocket-Protocol: v12.stomp\r\n" + headers);
    Stomp(&client, "CONNECT\naccept-version:1.2\n\n");
    EXPECT_TRUE(Text(&client).starts_with("CONNECTED\n"));
    return client;
  }
  // A frame, without the NUL at its end.
  static void Stomp(WebSocketClient* client, std::string frame) {
    frame += '\0';
    client->Say(frame);
  }
  static void SendStomp(WebSocketClient* client, const std::string& destination,
                        const std::string& body, const std::string& headers = "") {
    Stomp(client, "SEND\ndestination:" + destination + "\n" + headers + "\n" + body);
  }
  // The next text, without the NUL at its end.
  static std::string Text(WebSocketClient* client) {
    std::string text = client->Next().payload;
    if (text.ends_with('\0')) text.pop_back();
    return text;
  }
  static void ExpectReceipt(WebSocketClient* client, const std::string& id) {
    EXPECT_EQ(Text(client), "RECEIPT\nreceipt-id:" + id + "\n\n");
  }

  FakeMessageQueue queue_;
};

TEST_F(SendTest, ASendIsAnsweredWhenItIsStored) {
  StartEdge();
  WebSocketClient client = Connect();
  client.Say(R"({"type":"send","destination":"/app/chat.send","data":"{\"n\":1}","ref":7})");
  const ingest::ClientMessage message = queue_.AwaitAppends(1).at(0);
  EXPECT_EQ(message.user_id, "alice");
  EXPECT_EQ(message.destination, "chat.send");
  EXPECT_EQ(message.data, "{\"n\":1}");
  EXPECT_EQ(message.time, clock_.Wall());
  EXPECT_TRUE(message.connection.starts_with("0-0-")) << message.connection;
  // Nothing is said before.
  PublishToUser("alice", "first");
  EXPECT_EQ(client.NextJson().at("data").as_string(), "first");
  queue_.Answer(0, absl::OkStatus());
  EXPECT_EQ(client.NextJson(), json::parse(R"({"type":"ok","ref":7})"));
  AwaitMetric("sluice_edge_client_messages_total", 1, "ok");
}

TEST_F(SendTest, TwoSessionsHaveTwoNames) {
  StartEdge();
  WebSocketClient one = Connect();
  WebSocketClient two = Connect();
  one.Say(R"({"type":"send","destination":"/app/a","data":""})");
  two.Say(R"({"type":"send","destination":"/app/a","data":""})");
  const auto messages = queue_.AwaitAppends(2);
  EXPECT_NE(messages[0].connection, messages[1].connection);
}

TEST_F(SendTest, AnswersKeepTheOrderOfTheMessages) {
  StartEdge();
  WebSocketClient client = Connect();
  for (const char* ref : {"1", "2"}) {
    client.Say(R"({"type":"send","destination":"/app/a","data":"x","ref":)" + std::string(ref) +
               "}");
  }
  client.Say(R"({"type":"subscribe","topic":"t","ref":3})");
  queue_.AwaitAppends(2);
  queue_.Answer(1, absl::OkStatus());
  AwaitShard();
  queue_.Answer(0, absl::ResourceExhaustedError("full"));
  EXPECT_EQ(client.NextJson(),
            json::parse(R"({"type":"error","ref":1,"code":"overloaded","message":"full"})"));
  EXPECT_EQ(client.NextJson(), json::parse(R"({"type":"ok","ref":2})"));
  EXPECT_EQ(client.NextJson(), json::parse(R"({"type":"ok","ref":3})"));
}

TEST_F(SendTest, WhatCannotBeSentIsAnError) {
  StartEdge();
  WebSocketClient client = Connect();
  const std::string long_name(257, 'x');
  for (const auto& [destination, code] : {std::pair<std::string, std::string>("x", "not_found"),
                                          {"/app/", "bad_request"},
                                          {"/app/" + long_name, "bad_request"},
                                          {"/app/a\\u0007", "bad_request"},
                                          {"/topic/", "bad_request"},
                                          {"/topic/\\u0001revocations", "bad_request"},
                                          {"/user/queue/x", "not_found"}}) {
    const json::value answer =
        client.Ask(R"({"type":"send","data":"","destination":")" + destination + "\"}");
    EXPECT_EQ(answer.at("type").as_string(), "error") << destination;
    EXPECT_EQ(answer.at("code").as_string(), code) << destination;
  }
  EXPECT_EQ(client.Ask(R"({"type":"send","destination":"/topic/a","event":"gap","data":""})")
                .at("code")
                .as_string(),
            "bad_request");
  EXPECT_EQ(queue_.size(), 0u);
}

TEST_F(SendTest, WithoutAQueueNobodyTakesIt) {
  messages_ = nullptr;
  StartEdge();
  WebSocketClient client = Connect();
  EXPECT_EQ(
      client.Ask(R"({"type":"send","destination":"/app/a","data":""})").at("code").as_string(),
      "not_found");
}

TEST_F(SendTest, ATopicIsPublishedToAsItIs) {
  StartEdge();
  WebSocketClient bob = Connect("/v1/ws?user=bob&topic=news");
  WebSocketClient alice = Connect();
  EXPECT_EQ(alice.Ask(R"({"type":"send","destination":"/topic/news","event":"note","data":"hi"})"),
            json::parse(R"({"type":"ok"})"));
  EXPECT_EQ(
      bob.NextJson(),
      json::parse(
          R"({"type":"event","id":"e1-1","channel":"topic:news","event":"note","data":"hi"})"));
  WebSocketClient stomp = ConnectStomp();
  SendStomp(&stomp, "/topic/news", "again", "type:note\nreceipt:r\n");
  ExpectReceipt(&stomp, "r");
  EXPECT_EQ(bob.NextJson().at("data").as_string(), "again");
}

TEST_F(SendTest, ARouteStampsAndPublishes) {
  options_.edge.route = {.destination = "chat.sendMessage", .to = "topic:chat", .type = "line"};
  options_.edge.more_routes["r"] = {.destination = "note", .to = "user:{user}", .type = ""};
  StartEdge();
  WebSocketClient reader = Connect("/v1/ws?user=bob&topic=chat");
  WebSocketClient client = Connect();
  const auto send = [&](const std::string& destination, const std::string& data) {
    json::object request{{"type", "send"}, {"destination", destination}, {"data", data}};
    EXPECT_EQ(client.Ask(json::serialize(request)), json::parse(R"({"type":"ok"})"));
  };
  const auto time =
      std::chrono::duration_cast<std::chrono::milliseconds>(clock_.Wall().time_since_epoch())
          .count();
  const std::string head = R"({"sender":"alice","time":)" + std::to_string(time) + R"(,"data":)";
  for (const auto& [data, stamped] :
       {std::pair<std::string, std::string>(R"({"text": "hi"})", R"({"text": "hi"})"),
        {"hello \"you\"", R"("hello \"you\"")"},
        {"", R"("")"},
        {"42", "42"},
        {"1} ,{", R"("1} ,{")"}}) {
    send("/app/chat.sendMessage", data);
    const json::value event = reader.NextJson();
    EXPECT_EQ(event.at("channel").as_string(), "topic:chat");
    EXPECT_EQ(event.at("event").as_string(), "line");
    EXPECT_EQ(event.at("data").as_string(), head + stamped + "}");
  }
  client.Say(R"({"type":"send","destination":"/app/note","data":"mine"})");
  // Its answer and its own event come in any order.
  std::string data;
  for (int i = 0; i < 2; ++i) {
    const json::value next = client.NextJson();
    if (next.at("type") == "event") data = next.at("data").as_string().c_str();
  }
  EXPECT_EQ(data, head + R"("mine"})");
  EXPECT_EQ(queue_.size(), 0u);
}

TEST_F(SendTest, StompGetsItsReceiptsInOrder) {
  StartEdge();
  WebSocketClient client = ConnectStomp();
  SendStomp(&client, "/app/a", "one", "receipt:1\n");
  SendStomp(&client, "/app/b", "two");
  SendStomp(&client, "/app/c", "three", "receipt:3\n");
  Stomp(&client, "SUBSCRIBE\nid:s\ndestination:/topic/t\nreceipt:4\n\n");
  const auto messages = queue_.AwaitAppends(3);
  EXPECT_EQ(messages[0].data, "one");
  EXPECT_EQ(messages[1].data, "two");
  EXPECT_EQ(messages[2].destination, "c");
  for (const size_t i : {size_t{2}, size_t{1}, size_t{0}}) queue_.Answer(i, absl::OkStatus());
  ExpectReceipt(&client, "1");
  ExpectReceipt(&client, "3");
  ExpectReceipt(&client, "4");
  EXPECT_EQ(Metric("sluice_edge_client_messages_total", "ok"), 3);
}

TEST_F(SendTest, StompIsToldByAnErrorWhatWasNotStored) {
  StartEdge();
  size_t sent = 0;
  for (const absl::Status& status :
       {absl::UnavailableError("away"), absl::ResourceExhaustedError("full")}) {
    WebSocketClient client = ConnectStomp();
    SendStomp(&client, "/app/a", "x", "receipt:1\n");
    queue_.AwaitAppends(sent + 1);
    queue_.Answer(sent++, status);
    EXPECT_EQ(Text(&client),
              "ERROR\nmessage:" + std::string(status.message()) + "\nreceipt-id:1\n\n");
    EXPECT_EQ(client.Next().CloseCode(), 1013);
  }
  WebSocketClient client = ConnectStomp();
  SendStomp(&client, "/nowhere", "x");
  EXPECT_TRUE(Text(&client).starts_with("ERROR\nmessage:messages are sent to /app/"));
  EXPECT_EQ(client.Next().CloseCode(), 1002);
}

TEST_F(SendTest, DisconnectWaitsForWhatWasSent) {
  StartEdge();
  WebSocketClient client = ConnectStomp();
  SendStomp(&client, "/app/a", "x", "receipt:1\n");
  Stomp(&client, "DISCONNECT\nreceipt:2\n\n");
  SendStomp(&client, "/app/a", "not listened to");
  queue_.AwaitAppends(1);
  AwaitShard();
  queue_.Answer(0, absl::OkStatus());
  ExpectReceipt(&client, "1");
  ExpectReceipt(&client, "2");
  EXPECT_EQ(client.Next().CloseCode(), 1000);
  EXPECT_EQ(queue_.size(), 1u);
}

TEST_F(SendTest, AnAnswerAfterTheEndOfTheSessionOrTheEdgeIsNothing) {
  StartEdge();
  WebSocketClient client = Connect();
  WebSocketClient other = Connect();
  client.Say(R"({"type":"send","destination":"/app/a","data":""})");
  other.Say(R"({"type":"send","destination":"/app/a","data":""})");
  queue_.AwaitAppends(2);
  client.raw().Close();
  AwaitMetric("sluice_edge_sessions", 1, "websocket");
  queue_.Answer(0, absl::OkStatus());
  AwaitShard();
  other.raw().Close();
  StopEdge();
  queue_.Answer(1, absl::OkStatus());
}

TEST_F(SendTest, ManyFramesInOneMessageCountAsMany) {
  options_.edge.max_messages_per_second = 10;
  StartEdge();
  WebSocketClient client = ConnectStomp();
  std::string frames;
  for (int i = 0; i < 20; ++i) {
    frames += "SEND\ndestination:/app/a\n\nx";
    frames += '\0';
  }
  client.Say(frames);
  EXPECT_TRUE(client.Next().payload.starts_with("ERROR\nmessage:too many messages\n"));
  EXPECT_EQ(client.Next().CloseCode(), 1008);
  EXPECT_LT(queue_.size(), 11u);
}

TEST_F(SendTest, TooManyWithoutAnAnswerEndTheSession) {
  options_.edge.max_messages_per_second = 1'000;
  StartEdge();
  WebSocketClient client = Connect();
  for (int i = 0; i < 257; ++i) client.Say(R"({"type":"send","destination":"/app/a","data":""})");
  EXPECT_EQ(client.Next().CloseCode(), 1008);
  EXPECT_EQ(queue_.size(), 256u);
}

class SendTokenTest : public SendTest {
 protected:
  SendTokenTest() { make_authenticator_ = TokenAuthenticator(); }
};

TEST_F(SendTokenTest, OnlyGrantedTopicsArePublishedTo) {
  StartEdge();
  const std::string token = TokenWith({{"publish", {"room.*"}}});
  WebSocketClient client = Connect("/v1/ws", BearerOf(token));
  const auto send = [&](const std::string& destination) {
    return client.Ask(R"({"type":"send","data":"x","destination":")" + destination + "\"}");
  };
  EXPECT_EQ(send("/topic/room.1").at("type").as_string(), "ok");
  EXPECT_EQ(send("/topic/dashboards.cpu").at("code").as_string(), "forbidden");
  // A new token says anew what is granted.
  const std::string renewed = TokenWith({{"publish", {"dashboards.*"}}});
  client.Ask(R"({"type":"token","token":")" + renewed + "\"}");
  EXPECT_EQ(send("/topic/room.1").at("code").as_string(), "forbidden");
  EXPECT_EQ(send("/topic/dashboards.cpu").at("type").as_string(), "ok");

  WebSocketClient stomp = ConnectStomp("/v1/ws", BearerOf(token));
  SendStomp(&stomp, "/topic/room.1", "x", "receipt:1\n");
  ExpectReceipt(&stomp, "1");
  SendStomp(&stomp, "/topic/other", "x", "receipt:2\n");
  EXPECT_EQ(Text(&stomp),
            "ERROR\nmessage:publishing to this topic is not granted\nreceipt-id:2\n\n");
  EXPECT_EQ(stomp.Next().CloseCode(), 1002);
}

}  // namespace
}  // namespace sluice
