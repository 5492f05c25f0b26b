#include <chrono>
#include <ostream>
#include <string>
#include <string_view>

#include "tests/transcript/edge_fixture.h"

namespace sluice {
namespace {

using std::chrono::seconds;

// A request and how it is refused.
struct Refusal {
  std::string name;
  std::string request;
  int status;
  std::string code;
};
void PrintTo(const Refusal& refusal, std::ostream* out) { *out << refusal.name; }

// A whole request with these header lines besides Host.
std::string Request(std::string_view request_line, std::string_view lines = "") {
  return std::string(request_line) + "\r\nHost: localhost\r\n" + std::string(lines) + "\r\n";
}
std::string Events(std::string_view lines) {
  return Request("GET /v1/events?user=alice HTTP/1.1", lines);
}
std::string SockJsSend(std::string_view lines) {
  return Request("POST /v1/sockjs/000/s/xhr_send?user=alice HTTP/1.1", lines);
}
std::string Repeat(std::string_view text, int times) {
  std::string repeated;
  for (int i = 0; i < times; ++i) repeated += text;
  return repeated;
}

class HttpRefusalTest : public EdgeFixture, public testing::WithParamInterface<Refusal> {};

TEST_P(HttpRefusalTest, IsSaidInJsonCountedAndHurtsNobody) {
  const Refusal& expected = GetParam();
  StartEdge();
  RawClient other = Stream("/v1/events?user=alice");
  RawClient client = Connect();
  client.Send(expected.request);
  const RawResponse response = client.ReadResponse();
  EXPECT_EQ(response.status, expected.status) << response.head << response.body;
  EXPECT_EQ(response.Header("Content-Type"), "application/json");
  EXPECT_EQ(response.Header("Connection"), "close");
  EXPECT_EQ(response.Header("Cache-Control"), "no-store");
  EXPECT_EQ(response.Header("Allow").empty(), expected.status != 405);
  EXPECT_EQ(response.Header("WWW-Authenticate"), expected.status == 401 ? "Bearer" : "");
  EXPECT_EQ(response.Header("Date"), "Thu, 29 Feb 2024 12:34:56 GMT");
  const std::string prefix = "{\"error\":{\"code\":\"" + expected.code + "\",\"message\":\"";
  EXPECT_TRUE(response.body.starts_with(prefix)) << response.body;
  EXPECT_TRUE(response.body.ends_with("\"}}\n")) << response.body;
  EXPECT_EQ(client.ReadToEnd(), "");
  EXPECT_FALSE(client.was_reset());
  EXPECT_EQ(Metric("sluice_edge_handshakes_rejected_total"), 1);
  EXPECT_EQ(Metric("sluice_edge_handshakes_rejected_total", expected.code), 1);
  PublishToUser("alice", "still there");
  EXPECT_EQ(Block(&other), "id: e1-1\nevent: note\ndata: still there");
}

INSTANTIATE_TEST_SUITE_P(
    RequestLine, HttpRefusalTest,
    testing::Values(
        Refusal{"Version09", Request("GET / HTTP/0.9"), 505, "http_version"},
        Refusal{"Version20", Request("GET / HTTP/2.0"), 505, "http_version"},
        Refusal{"Version99", Request("GET / HTTP/9.9"), 505, "http_version"},
        Refusal{"Http2Preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "http_version"},
        Refusal{"NoVersion", Request("GET /"), 400, "bad_request"},
        Refusal{"Nonsense", "hello\r\n\r\n", 400, "bad_request"},
        Refusal{"TlsHello", std::string("\x16\x03\x01\x00\xC1\x01\n\r\n\r\n", 11), 400,
                "bad_request"},
        Refusal{"LongTarget", Request("GET /" + std::string(64 << 10, 'a') + " HTTP/1.1"), 414,
                "target_too_long"},
        Refusal{"LongTargetWithoutAnEnd", "GET /" + std::string(17 << 10, 'a'), 414,
                "target_too_long"},
        Refusal{"DoubleSlash", Request("GET //v1/events?user=a HTTP/1.1"), 404, "not_found"},
        Refusal{"DotDot", Request("GET /v1/../v1/events?user=a HTTP/1.1"), 404, "not_found"},
        Refusal{"EscapedPath", Request("GET /v1%2Fevents?user=a HTTP/1.1"), 404, "not_found"},
        Refusal{"TrailingSlash", Request("GET /v1/events/?user=a HTTP/1.1"), 404, "not_found"},
        Refusal{"UnknownPath", Request("GET / HTTP/1.1"), 404, "not_found"},
        Refusal{"BadEscape", Request("GET /v1/events?user=%zz HTTP/1.1"), 400, "bad_request"},
        Refusal{"HalfEscape", Request("GET /v1/events?user=a%4 HTTP/1.1"), 400, "bad_request"},
        Refusal{"Trace", Request("TRACE / HTTP/1.1"), 405, "method_not_allowed"},
        Refusal{"Connect", Request("CONNECT localhost:443 HTTP/1.1"), 405, "method_not_allowed"},
        Refusal{"PostEvents", Request("POST /v1/events?user=a HTTP/1.1"), 405,
                "method_not_allowed"},
        Refusal{"PostEventsWithABody",
                Request("POST /v1/events?user=a HTTP/1.1", "Content-Length: 5\r\n") + "hello", 405,
                "method_not_allowed"},
        Refusal{"PostWithABodyToNowhere",
                Request("POST /nowhere HTTP/1.1", "Content-Length: 5\r\n") + "hello", 404,
                "not_found"},
        Refusal{"PutEvents", Request("PUT /v1/events?user=a HTTP/1.1"), 405, "method_not_allowed"},
        Refusal{"DeleteEvents", Request("DELETE /v1/events HTTP/1.1"), 405, "method_not_allowed"}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Fields, HttpRefusalTest,
    testing::Values(
        Refusal{"HostMissing", "GET / HTTP/1.1\r\n\r\n", 400, "bad_request"},
        Refusal{"HostTwice", Events("Host: localhost\r\n"), 400, "bad_request"},
        Refusal{"ForeignHost", "GET /v1/events?user=a HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403,
                "forbidden"},
        Refusal{"BareLf", "GET /v1/events?user=a HTTP/1.1\nHost: localhost\n\n", 400,
                "bad_request"},
        Refusal{"BareLfWithin", Events("X: a\nY: b\r\n"), 400, "bad_request"},
        Refusal{"BareLfAtTheEnd", "GET / HTTP/1.1\r\nHost: localhost\r\n\n", 400, "bad_request"},
        Refusal{"BareCr", Events("X: a\rY: b\r\n"), 400, "bad_request"},
        Refusal{"Folded", Events("X: a\r\n b\r\n"), 400, "bad_request"},
        Refusal{"SpaceBeforeTheColon", Events("X : a\r\n"), 400, "bad_request"},
        Refusal{"Nul", Events(std::string("X: a\0b\r\n", 8)), 400, "bad_request"},
        Refusal{"Control", Events("X: \x1B[2J\r\n"), 400, "bad_request"},
        Refusal{"LongName", Events(std::string(1025, 'x') + ": a\r\n"), 431, "head_too_large"},
        Refusal{"TwoThousandFields", Events(Repeat("X: a\r\n", 2000)), 431, "head_too_large"},
        Refusal{"LongHead", Events("X: " + std::string(17 << 10, 'a') + "\r\n"), 431,
                "head_too_large"},
        Refusal{"LongHeadWithoutAnEnd", "GET / HTTP/1.1\r\nX: " + std::string(17 << 10, 'a'), 431,
                "head_too_large"},
        Refusal{"Expect", Events("Expect: 100-continue\r\n"), 417, "expectation_failed"},
        Refusal{"ExpectSomethingElse", Events("Expect: gold\r\n"), 417, "expectation_failed"}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Bodies, HttpRefusalTest,
    testing::Values(
        Refusal{"OnGet", Events("Content-Length: 5\r\n") + "hello", 400, "bad_request"},
        Refusal{
            "OnUpgrade",
            Events("Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n") + "hello",
            400, "bad_request"},
        Refusal{"LengthNegative", Events("Content-Length: -1\r\n"), 400, "bad_request"},
        Refusal{"LengthWithPlus", Events("Content-Length: +5\r\n") + "hello", 400, "bad_request"},
        Refusal{"LengthHexadecimal", Events("Content-Length: 0x5\r\n") + "hello", 400,
                "bad_request"},
        Refusal{"LengthTwice", Events("Content-Length: 0\r\nContent-Length: 5\r\n") + "hello", 400,
                "bad_request"},
        Refusal{"LengthOverflow", Events("Content-Length: 99999999999999999999\r\n"), 400,
                "bad_request"},
        Refusal{"LengthHuge", Events("Content-Length: 18446744073709551615\r\n"), 400,
                "bad_request"},
        Refusal{"Chunked", Events("Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n0\r\n\r\n",
                400, "bad_request"},
        Refusal{"ChunkedTwice",
                Events("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400,
                "bad_request"},
        Refusal{"ChunkedIn10",
                "GET /v1/events?user=a HTTP/1.0\r\nHost: localhost\r\n"
                "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                411, "length_required"},
        Refusal{"Xchunked", Events("Transfer-Encoding: xchunked\r\n"), 411, "length_required"},
        Refusal{"ChunkedIdentity", Events("Transfer-Encoding: chunked, identity\r\n"), 411,
                "length_required"},
        Refusal{"ChunkSizeOverflow",
                SockJsSend("Transfer-Encoding: chunked\r\n") + "FFFFFFFFFFFFFFFFF\r\n", 400,
                "bad_request"},
        Refusal{"ChunksTooLarge", SockJsSend("Transfer-Encoding: chunked\r\n") + "10001\r\n", 413,
                "body_too_large"},
        Refusal{"ChunkExtension",
                SockJsSend("Transfer-Encoding: chunked\r\n") + "5;" + std::string(1 << 20, 'x'),
                400, "bad_request"},
        Refusal{"Trailers",
                SockJsSend("Transfer-Encoding: chunked\r\nTrailer: Host\r\n") +
                    "0\r\nHost: evil.example\r\nContent-Length: 5\r\n\r\n",
                400, "bad_request"},
        Refusal{"EncodingBeforeLength",
                Events("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400, "bad_request"},
        Refusal{"EncodingAfterLength",
                Events("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400, "bad_request"}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Events, HttpRefusalTest,
    testing::Values(
        Refusal{"NoUser", Request("GET /v1/events HTTP/1.1"), 401, "unauthenticated"},
        Refusal{"EmptyUser", Request("GET /v1/events?user= HTTP/1.1"), 400, "bad_request"},
        Refusal{"ControlInUser", Request("GET /v1/events?user=a%00 HTTP/1.1"), 400, "bad_request"},
        Refusal{"UserNotUtf8", Request("GET /v1/events?user=%C3 HTTP/1.1"), 400, "bad_request"},
        Refusal{"LongUser", Request("GET /v1/events?user=" + std::string(257, 'a') + " HTTP/1.1"),
                400, "bad_request"},
        Refusal{"EmptyTopic", Request("GET /v1/events?user=a&topic= HTTP/1.1"), 400, "bad_request"},
        Refusal{"ControlInTopic", Request("GET /v1/events?user=a&topic=%0d%0a HTTP/1.1"), 400,
                "bad_request"},
        Refusal{"LongTopic",
                Request("GET /v1/events?user=a&topic=" + std::string(257, 'a') + " HTTP/1.1"), 400,
                "bad_request"},
        Refusal{"TooManyTopics",
                Request("GET /v1/events?user=a" + Repeat("&topic=b", 65) + " HTTP/1.1"), 400,
                "bad_request"},
        Refusal{"UnknownFrom", Request("GET /v1/events?user=a&from=Now HTTP/1.1"), 400,
                "bad_request"},
        Refusal{"EmptyFrom", Request("GET /v1/events?user=a&from= HTTP/1.1"), 400, "bad_request"}),
    [](const auto& row) { return row.param.name; });

class HttpRequestHeadTest : public EdgeFixture {
 protected:
  static constexpr std::string_view kRequest =
      "GET /v1/events?user=alice HTTP/1.1\r\nHost: localhost\r\n\r\n";
};

TEST_F(HttpRequestHeadTest, MayBeAsLongAsTheLimit) {
  StartEdge();
  const size_t limit = options_.edge.max_request_head_bytes;
  for (const size_t length : {limit - 1, limit, limit + 1}) {
    const size_t rest = Events("X: \r\n").size();
    RawClient client = Connect();
    client.Send(Events("X: " + std::string(length - rest, 'a') + "\r\n"));
    EXPECT_EQ(client.ReadResponse().status, length <= limit ? 200 : 431) << length;
  }
}

TEST_F(HttpRequestHeadTest, MayBeSplitAnywhere) {
  StartEdge();
  for (size_t split = 1; split < kRequest.size(); ++split) {
    RawClient client = Connect();
    client.Send(kRequest.substr(0, split));
    AwaitShard();
    client.Send(kRequest.substr(split));
    EXPECT_EQ(client.ReadResponse().status, 200) << split;
  }
}

TEST_F(HttpRequestHeadTest, MayComeOctetByOctet) {
  StartEdge();
  RawClient client = Connect();
  for (const char& octet : kRequest) client.Send({&octet, 1});
  EXPECT_EQ(client.ReadResponse().status, 200);
}

TEST_F(HttpRequestHeadTest, EmptyLinesBeforeItAreIgnored) {
  StartEdge();
  RawClient client = Connect();
  client.Send("\r\n\r\n" + std::string(kRequest));
  EXPECT_EQ(client.ReadResponse().status, 200);
}

TEST_F(HttpRequestHeadTest, MayBeInAbsoluteFormOrOfVersion10OrAskForHttp2) {
  StartEdge();
  for (const std::string request :
       {"GET http://localhost/v1/events?user=alice HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /v1/events?user=alice HTTP/1.0\r\nHost: localhost\r\n\r\n",
        "GET /v1/events?user=alice HTTP/1.1\r\nHost: localhost\r\n"
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: "
        "AAMAAABk\r\n\r\n"}) {
    RawClient client = Connect();
    client.Send(request);
    EXPECT_EQ(client.ReadResponse().status, 200) << request;
  }
}

TEST_F(HttpRequestHeadTest, ThatIsTooSlowIsRefused) {
  StartEdge();
  RawClient slow = Connect();
  slow.Send(kRequest.substr(0, 20));
  AwaitShard();
  clock_.Advance(seconds(9));
  AwaitShard();
  slow.Send(kRequest.substr(20, 10));  // does not win time
  AwaitShard();
  EXPECT_FALSE(slow.HasInput());
  clock_.Advance(seconds(2));
  const RawResponse response = slow.ReadResponse();
  EXPECT_EQ(response.status, 408);
  EXPECT_TRUE(response.body.starts_with("{\"error\":{\"code\":\"timeout\",")) << response.body;
  EXPECT_EQ(slow.ReadToEnd(), "");
}

TEST_F(HttpRequestHeadTest, ThatNeverComesEndsTheConnectionWithoutAWord) {
  StartEdge();
  RawClient silent = Connect();
  AwaitShard();
  clock_.Advance(seconds(11));
  EXPECT_EQ(silent.ReadToEnd(), "");
  EXPECT_FALSE(silent.was_reset());
  EXPECT_EQ(Metric("sluice_edge_handshakes_rejected_total", "timeout"), 0);
}

}  // namespace
}  // namespace sluice
