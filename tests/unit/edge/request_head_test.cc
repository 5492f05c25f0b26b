#include "edge/http/request_head.h"

#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace sluice::edge {
namespace {

constexpr RequestHead::Limits kLimits{.head_bytes = 16u << 10, .target_bytes = 8u << 10};

ParsedRequestHead Parse(std::string_view head) { return ParseRequestHead(head, kLimits); }

// A request that is well-formed but for `lines`, each ended by CRLF.
std::string With(std::string_view lines) {
  return "GET /v1/events HTTP/1.1\r\nHost: localhost\r\n" + std::string(lines) + "\r\n";
}

// A case of a table: the request and what it is refused with.
struct Row {
  std::string name;
  std::string head;
  std::optional<HttpErrorKind> refused;
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

TEST(RequestHeadTest, TakesARequestApart) {
  const ParsedRequestHead parsed = Parse(
      "POST /demo/send?user=a%20b&x HTTP/1.1\r\nHost: localhost:8080\r\n"
      "content-LENGTH: 12\r\nX-Empty:\r\nX-Padded: \t value \t\r\n\r\n");
  ASSERT_FALSE(parsed.error) << parsed.error->message;
  const RequestHead& head = parsed.head;
  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.path, "/demo/send");
  EXPECT_EQ(head.query, "user=a%20b&x");
  EXPECT_EQ(head.content_length, 12u);
  EXPECT_FALSE(head.http_1_0);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(head.Value("HOST"), "localhost:8080");
  EXPECT_EQ(head.Value("x-padded"), "value");
  ASSERT_NE(head.Find("X-Empty"), nullptr);
  EXPECT_EQ(head.Value("X-Empty"), "");
  EXPECT_EQ(head.Find("Origin"), nullptr);
  EXPECT_FALSE(head.Repeated("Host"));
}

TEST(RequestHeadTest, KnowsWhichFieldsAreRepeated) {
  const ParsedRequestHead parsed = Parse(With("Last-Event-ID: a\r\nlast-event-id: b\r\n"));
  ASSERT_FALSE(parsed.error);
  EXPECT_TRUE(parsed.head.Repeated("Last-Event-ID"));
  EXPECT_EQ(parsed.head.Value("Last-Event-ID"), "a");
}

TEST(RequestHeadTest, KeepsAConnectionAliveAsItsVersionSays) {
  EXPECT_TRUE(Parse("GET / HTTP/1.1\r\nHost: a\r\n\r\n").head.keep_alive);
  EXPECT_FALSE(Parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").head.keep_alive);
  EXPECT_FALSE(Parse("GET / HTTP/1.0\r\n\r\n").head.keep_alive);
  EXPECT_TRUE(Parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").head.keep_alive);
}

TEST(RequestHeadTest, TakesThePathOutOfEveryFormOfTarget) {
  const struct {
    std::string target, path, query;
  } rows[] = {
      {"/", "/", ""},
      {"/a?b?c", "/a", "b?c"},
      {"/a#b?c", "/a", ""},
      {"/a?b#c", "/a", "b"},
      {"//a/../b", "//a/../b", ""},
      {"/%zz", "/%zz", ""},
      {"http://example/a?b", "/a", "b"},
      {"https://example:1/a", "/a", ""},
      {"http://example", "/", ""},
      {"http://example?b", "/", "b"},
  };
  for (const auto& [target, path, query] : rows) {
    const ParsedRequestHead parsed = Parse("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_FALSE(parsed.error) << target << ": " << parsed.error->message;
    EXPECT_EQ(parsed.head.path, path) << target;
    EXPECT_EQ(parsed.head.query, query) << target;
  }
}

class RequestHeadTableTest : public testing::TestWithParam<Row> {};

TEST_P(RequestHeadTableTest, IsAnswered) {
  const ParsedRequestHead parsed = Parse(GetParam().head);
  ASSERT_EQ(parsed.error.has_value(), GetParam().refused.has_value())
      << (parsed.error ? parsed.error->message : "accepted");
  if (parsed.error) {
    EXPECT_EQ(CodeOf(parsed.error->kind), CodeOf(*GetParam().refused)) << parsed.error->message;
    EXPECT_FALSE(parsed.error->message.empty());
  }
}

std::string Line(std::string_view line) {
  return std::string(line) + "\r\nHost: localhost\r\n\r\n";
}

// Where a version is expected, whatever else stands there is a wrong version.
INSTANTIATE_TEST_SUITE_P(
    RequestLine, RequestHeadTableTest,
    testing::Values(
        Row{"Plain", Line("GET / HTTP/1.1"), {}}, Row{"Version10", Line("GET / HTTP/1.0"), {}},
        Row{"UnknownMethod", Line("BREW /pot HTTP/1.1"), {}},
        Row{"NoVersion", Line("GET /"), HttpErrorKind::kBadRequest},
        Row{"Version09", Line("GET / HTTP/0.9"), HttpErrorKind::kVersion},
        Row{"Version12", Line("GET / HTTP/1.2"), HttpErrorKind::kVersion},
        Row{"Version20", Line("GET / HTTP/2.0"), HttpErrorKind::kVersion},
        Row{"Version99", Line("GET / HTTP/9.9"), HttpErrorKind::kVersion},
        Row{"VersionNotANumber", Line("GET / HTTP/x.1"), HttpErrorKind::kVersion},
        Row{"VersionWithManyDigits", Line("GET / HTTP/1.10"), HttpErrorKind::kVersion},
        Row{"LowerCaseHttp", Line("GET / http/1.1"), HttpErrorKind::kVersion},
        Row{"Http2Preface", "PRI * HTTP/2.0\r\n\r\n", HttpErrorKind::kVersion},
        Row{"TwoSpaces", Line("GET  / HTTP/1.1"), HttpErrorKind::kBadRequest},
        Row{"Tab", Line("GET\t/ HTTP/1.1"), HttpErrorKind::kBadRequest},
        Row{"SpaceInTarget", Line("GET /a b HTTP/1.1"), HttpErrorKind::kVersion},
        Row{"NoTarget", Line("GET HTTP/1.1"), HttpErrorKind::kBadRequest},
        Row{"RelativeTarget", Line("GET a HTTP/1.1"), HttpErrorKind::kBadRequest},
        Row{"Asterisk", Line("OPTIONS * HTTP/1.1"), HttpErrorKind::kBadRequest},
        Row{"OtherScheme", Line("GET ftp://a/b HTTP/1.1"), HttpErrorKind::kBadRequest},
        Row{"NulInTarget", Line(std::string("GET /\0 HTTP/1.1", 15)), HttpErrorKind::kBadRequest},
        Row{"EscapeInTarget", Line("GET /\x1B[31m HTTP/1.1"), HttpErrorKind::kBadRequest},
        Row{"DeleteInTarget", Line("GET /\x7F HTTP/1.1"), HttpErrorKind::kBadRequest},
        Row{"Trace", Line("TRACE / HTTP/1.1"), HttpErrorKind::kMethodNotAllowed},
        Row{"Connect", Line("CONNECT a:443 HTTP/1.1"), HttpErrorKind::kMethodNotAllowed},
        Row{"TargetAtTheLimit", Line("GET /" + std::string(8191, 'a') + " HTTP/1.1"), {}},
        Row{"TargetOverTheLimit", Line("GET /" + std::string(8192, 'a') + " HTTP/1.1"),
            HttpErrorKind::kTargetTooLong},
        Row{"Utf8InTarget", Line("GET /?user=caf\xC3\xA9 HTTP/1.1"), {}}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Fields, RequestHeadTableTest,
    testing::Values(
        Row{"HostMissing", "GET / HTTP/1.1\r\n\r\n", HttpErrorKind::kBadRequest},
        Row{"HostMissingIn10", "GET / HTTP/1.0\r\n\r\n", {}},
        Row{"HostTwice", With("Host: localhost\r\n"), HttpErrorKind::kBadRequest},
        Row{"OriginTwice", With("Origin: https://a\r\nOrigin: https://a\r\n"),
            HttpErrorKind::kBadRequest},
        Row{"BareLf", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", HttpErrorKind::kBadRequest},
        Row{"BareCr", "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", HttpErrorKind::kBadRequest},
        Row{"CrCrLf", "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", HttpErrorKind::kBadRequest},
        Row{"FoldedWithSpace", With("X: a\r\n b\r\n"), HttpErrorKind::kBadRequest},
        Row{"FoldedWithTab", With("X: a\r\n\tb\r\n"), HttpErrorKind::kBadRequest},
        Row{"FoldedFirst", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", HttpErrorKind::kBadRequest},
        Row{"SpaceBeforeTheColon", With("X : a\r\n"), HttpErrorKind::kBadRequest},
        Row{"TabBeforeTheColon", With("X\t: a\r\n"), HttpErrorKind::kBadRequest},
        Row{"SpaceInTheName", With("X Y: a\r\n"), HttpErrorKind::kBadRequest},
        Row{"NoName", With(": a\r\n"), HttpErrorKind::kBadRequest},
        Row{"NoColon", With("X\r\n"), HttpErrorKind::kBadRequest},
        Row{"NulInAValue", With(std::string("X: a\0b\r\n", 8)), HttpErrorKind::kBadRequest},
        Row{"NulInAName", With(std::string("X\0: a\r\n", 7)), HttpErrorKind::kBadRequest},
        Row{"ControlInAValue", With("X: \x01\r\n"), HttpErrorKind::kBadRequest},
        Row{"DeleteInAValue", With("X: \x7F\r\n"), HttpErrorKind::kBadRequest},
        Row{"NonAsciiInAName", With("\xC3\xA9: a\r\n"), HttpErrorKind::kBadRequest},
        Row{"NonAsciiInAValue", With("X: caf\xC3\xA9\r\n"), {}},
        Row{"NameAtTheLimit", With(std::string(256, 'x') + ": a\r\n"), {}},
        Row{"NameOverTheLimit", With(std::string(257, 'x') + ": a\r\n"),
            HttpErrorKind::kHeadTooLarge},
        Row{"UpgradeToHttp2", With("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"), {}}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Framing, RequestHeadTableTest,
    testing::Values(
        Row{"NoLength", With(""), {}}, Row{"LengthZero", With("Content-Length: 0\r\n"), {}},
        Row{"LengthNegative", With("Content-Length: -1\r\n"), HttpErrorKind::kBadRequest},
        Row{"LengthWithPlus", With("Content-Length: +5\r\n"), HttpErrorKind::kBadRequest},
        Row{"LengthHexadecimal", With("Content-Length: 0x5\r\n"), HttpErrorKind::kBadRequest},
        Row{"LengthFraction", With("Content-Length: 5.0\r\n"), HttpErrorKind::kBadRequest},
        Row{"LengthEmpty", With("Content-Length:\r\n"), HttpErrorKind::kBadRequest},
        Row{"LengthWithSpace", With("Content-Length: 5 5\r\n"), HttpErrorKind::kBadRequest},
        Row{"LengthList", With("Content-Length: 5, 5\r\n"), HttpErrorKind::kBadRequest},
        Row{"LengthTwiceTheSame", With("Content-Length: 5\r\nContent-Length: 5\r\n"),
            HttpErrorKind::kBadRequest},
        Row{"LengthTwice", With("Content-Length: 5\r\nContent-Length: 6\r\n"),
            HttpErrorKind::kBadRequest},
        Row{"LengthOverflow", With("Content-Length: 18446744073709551616\r\n"),
            HttpErrorKind::kBadRequest},
        Row{"LengthLargest", With("Content-Length: 18446744073709551615\r\n"), {}},
        Row{"Chunked", With("Transfer-Encoding: chunked\r\n"), {}},
        Row{"ChunkedInCapitals", With("TRANSFER-ENCODING: CHUNKED\r\n"), {}},
        Row{"ChunkedTwice", With("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
            HttpErrorKind::kBadRequest},
        Row{"ChunkedIn10", "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
            HttpErrorKind::kLengthRequired},
        Row{"Xchunked", With("Transfer-Encoding: xchunked\r\n"), HttpErrorKind::kLengthRequired},
        Row{"Identity", With("Transfer-Encoding: identity\r\n"), HttpErrorKind::kLengthRequired},
        Row{"ChunkedIdentity", With("Transfer-Encoding: chunked, identity\r\n"),
            HttpErrorKind::kLengthRequired},
        Row{"EncodingEmpty", With("Transfer-Encoding:\r\n"), HttpErrorKind::kLengthRequired}),
    [](const auto& row) { return row.param.name; });

// Beast itself refuses one of the two orders; that both are refused is what counts.
TEST(RequestHeadTest, RefusesTransferEncodingBesideContentLengthInBothOrders) {
  for (const std::string& lines :
       {std::string("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
        std::string("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")}) {
    EXPECT_TRUE(Parse(With(lines)).error) << lines;
  }
}

TEST(RequestHeadTest, TakesAtMostAHundredFields) {
  const auto fields = [](int count) {
    std::string lines;
    for (int i = 0; i < count; ++i) lines += "X: a\r\n";
    return "GET / HTTP/1.1\r\nHost: localhost\r\n" + lines + "\r\n";
  };
  EXPECT_FALSE(Parse(fields(99)).error);
  ASSERT_TRUE(Parse(fields(100)).error);
  EXPECT_EQ(Parse(fields(100)).error->kind, HttpErrorKind::kHeadTooLarge);
  EXPECT_EQ(Parse(fields(2000)).error->kind, HttpErrorKind::kHeadTooLarge);
}

TEST(RequestHeadTest, AHeadEndsWithTheFirstEmptyLine) {
  const std::string head = With("X: a\r\n");
  for (size_t length = 0; length < head.size(); ++length) {
    EXPECT_EQ(FindRequestHead(std::string_view(head).substr(0, length)), 0u);
  }
  EXPECT_EQ(FindRequestHead(head), head.size());
  EXPECT_EQ(FindRequestHead(head + "GET / HTTP/1.1\r\n\r\n"), head.size());
}

TEST(RequestHeadTest, NoPrefixOfARequestIsTakenForOne) {
  const std::string head = With("Content-Length: 5\r\n");
  for (size_t length = 0; length < head.size(); ++length) {
    EXPECT_TRUE(Parse(head.substr(0, length)).error) << length;
  }
}

}  // namespace
}  // namespace sluice::edge
