#include <chrono>
#include <future>
#include <string>
#include <string_view>
#include <thread>

#include "tests/transcript/edge_fixture.h"

namespace sluice {
namespace {

using edge::HttpRequest;
using edge::HttpRespond;
using edge::HttpResponse;

HttpResponse Text(std::string body) {
  return {.status = 200, .content_type = "text/plain", .body = std::move(body), .headers = {}};
}

class HttpRouteTest : public EdgeFixture {
 protected:
  void Serve(std::string method, std::string path,
             std::function<void(const HttpRequest&, HttpRespond)> handler,
             size_t max_body_bytes = 0) {
    routes_.push_back({.method = std::move(method),
                       .path = std::move(path),
                       .max_body_bytes = max_body_bytes,
                       .handler = std::move(handler)});
  }
  // A route that answers with what it was asked.
  void ServeEcho(std::string method, std::string path, size_t max_body_bytes = 0) {
    Serve(
        std::move(method), std::move(path),
        [](const HttpRequest& request, const HttpRespond& respond) {
          std::string body(request.method);
          body.append(" ").append(request.path).append("?").append(request.query);
          body.append(" ").append(request.host).append(" ").append(request.origin);
          body.append(" ").append(request.body);
          respond(Text(std::move(body)));
        },
        max_body_bytes);
  }
  static std::string Post(std::string_view path, std::string_view body) {
    return "POST " + std::string(path) +
           " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + std::string(body);
  }
};

TEST_F(HttpRouteTest, IsAnsweredWithWhatItSays) {
  ServeEcho("GET", "/page");
  StartEdge();
  RawClient client = Get("/page?a=%20", "Origin: http://localhost\r\n");
  const RawResponse response = client.ReadResponse();
  EXPECT_EQ(response.head,
            "HTTP/1.1 200 OK\r\nDate: Thu, 29 Feb 2024 12:34:56 GMT\r\n"
            "Vary: Origin\r\nX-Content-Type-Options: nosniff\r\n"
            "Content-Type: text/plain\r\nContent-Length: 43\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(response.body, "GET /page?a=%20 localhost http://localhost ");
}

TEST_F(HttpRouteTest, ServesManyRequestsOnOneConnection) {
  ServeEcho("GET", "/a");
  ServeEcho("GET", "/b");
  StartEdge();
  RawClient client = Connect();
  for (int i = 0; i < 100; ++i) {
    client.Send("GET /a?" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(client.ReadResponse().body, "GET /a?" + std::to_string(i) + " h  ");
  }
  client.Send("GET /b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.ReadResponse().Header("Connection"), "close");
  EXPECT_EQ(client.ReadToEnd(), "");
}

TEST_F(HttpRouteTest, ClosesAfterARequestOfVersion10) {
  ServeEcho("GET", "/a");
  StartEdge();
  RawClient client = Connect();
  client.Send("GET /a HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.ReadResponse().body, "GET /a?   ");
  EXPECT_EQ(client.ReadToEnd(), "");
}

TEST_F(HttpRouteTest, AnswersPipelinedRequestsInOrderHoweverTheyAreSplit) {
  ServeEcho("GET", "/a");
  ServeEcho("POST", "/b", 10);
  StartEdge();
  const std::string requests = "GET /a?1 HTTP/1.1\r\nHost: h\r\n\r\n" + Post("/b", "hello") +
                               "\r\nGET /a?2 HTTP/1.1\r\nHost: h\r\n\r\n" + Post("/b", "");
  for (size_t split = 1; split < requests.size(); ++split) {
    RawClient client = Connect();
    client.Send(std::string_view(requests).substr(0, split));
    AwaitShard();
    client.Send(std::string_view(requests).substr(split));
    EXPECT_EQ(client.ReadResponse().body, "GET /a?1 h  ");
    EXPECT_EQ(client.ReadResponse().body, "POST /b? localhost  hello");
    EXPECT_EQ(client.ReadResponse().body, "GET /a?2 h  ");
    EXPECT_EQ(client.ReadResponse().body, "POST /b? localhost  ");
  }
}

TEST_F(HttpRouteTest, AStreamMayFollowOnTheSameConnection) {
  ServeEcho("GET", "/a");
  StartEdge();
  RawClient client = Connect();
  client.Send(
      "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
      "GET /v1/events?user=alice HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.ReadResponse().body, "GET /a? h  ");
  Connected(&client);
  PublishToUser("alice", "hello");
  EXPECT_EQ(Block(&client), "id: e1-1\nevent: note\ndata: hello");
}

TEST_F(HttpRouteTest, AnswersHeadWithoutTheBody) {
  ServeEcho("GET", "/a");
  ServeEcho("POST", "/b");
  StartEdge();
  RawClient client = Connect();
  client.Send("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.ReadResponseWithoutBody().Header("Content-Length"), "12");
  EXPECT_EQ(client.ReadResponse().body, "GET /a? h  ");
  client.Send("HEAD /b HTTP/1.1\r\nHost: h\r\n\r\n");
  const RawResponse refused = client.ReadResponseWithoutBody();
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.Header("Allow"), "POST");
  EXPECT_EQ(client.ReadToEnd(), "");
}

TEST_F(HttpRouteTest, SaysWhichMethodsItAllows) {
  ServeEcho("GET", "/a");
  ServeEcho("POST", "/a", 10);
  StartEdge();
  for (const auto& [path, allowed] :
       {std::pair("/a", "GET, HEAD, POST"), std::pair("/v1/events", "GET, OPTIONS")}) {
    RawClient client = Connect();
    client.Send("DELETE " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n\r\n");
    const RawResponse response = client.ReadResponse();
    EXPECT_EQ(response.status, 405);
    EXPECT_EQ(response.Header("Allow"), allowed);
  }
}

TEST_F(HttpRouteTest, TakesABodyUpToItsLimit) {
  constexpr size_t kLimit = 2 << 20;  // also more than one read of the shard
  Serve(
      "POST", "/b",
      [](const HttpRequest& request, const HttpRespond& respond) {
        respond(Text(std::to_string(request.body.size())));
      },
      kLimit);
  StartEdge();
  for (const size_t size : {size_t{0}, size_t{1}, kLimit}) {
    RawClient client = Connect();
    client.Send(Post("/b", std::string(size, 'x')));
    EXPECT_EQ(client.ReadResponse().body, std::to_string(size));
  }
  RawClient client = Connect();
  client.Send(Post("/b", std::string(kLimit + 1, 'x')));
  const RawResponse response = client.ReadResponse();
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(Metric("sluice_edge_handshakes_rejected_total", "body_too_large"), 1);
}

TEST_F(HttpRouteTest, TakesNoBodyUnlessItSaysSo) {
  ServeEcho("GET", "/a");
  StartEdge();
  RawClient client = Connect();
  client.Send("GET /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx");
  EXPECT_EQ(client.ReadResponse().status, 400);
}

TEST_F(HttpRouteTest, WhatComesWithABodyOfUnclearLengthIsNeverARequest) {
  int served = 0;
  Serve(
      "POST", "/b",
      [&](const HttpRequest&, const HttpRespond& respond) {
        ++served;
        respond(Text("ok"));
      },
      100);
  StartEdge();
  const std::string smuggled = "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n";
  for (const std::string lines :
       {"Transfer-Encoding: xchunked\r\n", "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: identity\r\n", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "Content-Length: -1\r\n",
        "Content-Length: +3\r\n", "Content-Length: 0x3\r\n",
        "Content-Length: 3\r\nContent-Length: 5\r\n", "Content-Length: 18446744073709551616\r\n",
        "Content-Length: 3, 3\r\n"}) {
    RawClient client = Connect();
    client.Send("POST /b HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n0\r\n\r\n" + smuggled);
    const RawResponse response = client.ReadResponse();
    EXPECT_TRUE(response.status == 400 || response.status == 411) << lines << response.head;
    EXPECT_EQ(client.ReadToEnd(), "") << lines;
  }
  EXPECT_EQ(served, 0);
}

TEST_F(HttpRouteTest, ABodyMayComeInChunks) {
  ServeEcho("POST", "/b", 11);
  StartEdge();
  const std::string head = "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n";
  const std::string chunks = "6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n";
  RawClient client = Connect();
  client.Send(head + chunks + head + chunks.substr(0, 5));  // one request behind the other
  EXPECT_EQ(client.ReadResponse().body, "POST /b? h  hello world");
  client.Send(chunks.substr(5) + Post("/b", "counted"));
  EXPECT_EQ(client.ReadResponse().body, "POST /b? h  hello world");
  EXPECT_EQ(client.ReadResponse().body, "POST /b? localhost  counted");
  client.Send(head + "c\r\n");
  EXPECT_EQ(client.ReadResponse().status, 413);
  EXPECT_EQ(client.ReadToEnd(), "");
}

TEST_F(HttpRouteTest, RangesAreNotAnswered) {
  ServeEcho("GET", "/a");
  StartEdge();
  std::string ranges = "Range: bytes=0-";
  for (int i = 1; i < 2000; ++i) ranges += ",5-" + std::to_string(i);
  const RawResponse response = Get("/a", ranges + "\r\n").ReadResponse();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "GET /a? localhost  ");
}

TEST_F(HttpRouteTest, ABodyThatIsTooSlowIsRefused) {
  ServeEcho("POST", "/b", 10);
  StartEdge();
  RawClient client = Connect();
  client.Send("POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhell");
  AwaitShard();
  clock_.Advance(std::chrono::seconds(11));
  EXPECT_EQ(client.ReadResponse().status, 408);
}

TEST_F(HttpRouteTest, MayBeAnsweredLaterFromAnotherThread) {
  std::promise<HttpRespond> asked;
  Serve("GET", "/later",
        [&](const HttpRequest&, HttpRespond respond) { asked.set_value(std::move(respond)); });
  StartEdge();
  RawClient client = Get("/later", "Connection: close\r\n");
  std::thread([respond = asked.get_future().get()] { respond(Text("at last")); }).join();
  EXPECT_EQ(client.ReadResponse().body, "at last");
  EXPECT_EQ(client.ReadToEnd(), "");
}

TEST_F(HttpRouteTest, ThatDropsTheRequestIsAnswered500) {
  Serve("GET", "/dropped", [](const HttpRequest&, const HttpRespond&) {});
  StartEdge();
  const RawResponse response = Get("/dropped").ReadResponse();
  EXPECT_EQ(response.status, 500);
  EXPECT_TRUE(response.body.starts_with("{\"error\":{\"code\":\"internal\",")) << response.body;
}

TEST_F(HttpRouteTest, ThatNeverAnswersIsAnsweredInTime) {
  std::promise<HttpRespond> asked;
  Serve("GET", "/never",
        [&](const HttpRequest&, HttpRespond respond) { asked.set_value(std::move(respond)); });
  StartEdge();
  RawClient client = Get("/never");
  const HttpRespond respond = asked.get_future().get();
  AwaitShard();
  clock_.Advance(std::chrono::seconds(31));
  EXPECT_EQ(client.ReadResponse().status, 500);
  respond(Text("too late"));  // for nobody
  EXPECT_EQ(client.ReadToEnd(), "");
}

TEST_F(HttpRouteTest, ThatAnswersAClientThatLeftAnswersNobody) {
  std::promise<HttpRespond> asked;
  Serve("GET", "/later",
        [&](const HttpRequest&, HttpRespond respond) { asked.set_value(std::move(respond)); });
  ServeEcho("GET", "/a");
  StartEdge();
  RawClient client = Get("/later");
  const HttpRespond respond = asked.get_future().get();
  client.Close();
  AwaitMetric("sluice_edge_connections", 0);
  RawClient next = Connect();  // most likely on the same descriptor
  AwaitMetric("sluice_edge_connections", 1);
  respond(Text("for the one that left"));
  next.Send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(next.ReadResponse().body, "GET /a? h  ");
}

TEST_F(HttpRouteTest, TooMuchPipelinedBehindAWaitingRequestEndsTheConnection) {
  std::promise<HttpRespond> asked;
  Serve("GET", "/later",
        [&](const HttpRequest&, HttpRespond respond) { asked.set_value(std::move(respond)); });
  StartEdge();
  RawClient client = Get("/later");
  const HttpRespond respond = asked.get_future().get();
  client.Send(std::string(128 << 10, 'x'));
  EXPECT_EQ(client.ReadToEnd(), "");
}

TEST_F(HttpRouteTest, ALargeAnswerReachesASlowReaderWhole) {
  const std::string large(8 << 20, 'x');
  Serve("GET", "/large",
        [&](const HttpRequest&, const HttpRespond& respond) { respond(Text(large)); });
  ServeEcho("GET", "/a");
  StartEdge();
  RawClient client = Connect(/*receive_buffer_bytes=*/4096);
  client.Send("GET /large HTTP/1.1\r\nHost: h\r\n\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  AwaitShard();  // others are served meanwhile
  EXPECT_EQ(client.ReadResponse().body.size(), large.size());
  EXPECT_EQ(client.ReadResponse().body, "GET /a? h  ");
}

}  // namespace
}  // namespace sluice
