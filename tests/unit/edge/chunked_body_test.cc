#include "edge/http/chunked_body.h"

#include <algorithm>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace sluice::edge {
namespace {

constexpr size_t kLimit = 100;

// Refused with this status, however it is cut.
int StatusOfRefused(std::string_view bytes, size_t piece) {
  ChunkedBody body(kLimit);
  std::string waiting;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    waiting += bytes.substr(0, piece);
    waiting.erase(0, body.Take(waiting));
    if (body.error()) return StatusOf(body.error()->kind);
  }
  return 0;
}

TEST(ChunkedBodyTest, IsTheChunksPutTogether) {
  const std::string bytes = "5\r\nhello\r\n00001\r\n \r\n5;a=\"b\"\r\nwo\r\nd\r\n0\r\n\r\nGET /";
  for (size_t piece = 1; piece <= bytes.size(); ++piece) {
    ChunkedBody body(kLimit);
    std::string waiting;
    for (size_t at = 0; at < bytes.size(); at += piece) {
      waiting += bytes.substr(at, piece);
      waiting.erase(0, body.Take(waiting));
      ASSERT_FALSE(body.error()) << piece << body.error()->message;
    }
    EXPECT_TRUE(body.is_complete()) << piece;
    EXPECT_EQ(body.body(), "hello wo\r\nd") << piece;
    EXPECT_EQ(waiting, "GET /") << piece;
  }
}

TEST(ChunkedBodyTest, MayBeEmptyAndAsLargeAsItMay) {
  ChunkedBody empty(0);
  EXPECT_EQ(empty.Take("0\r\n\r\n"), 5u);
  EXPECT_TRUE(empty.is_complete());
  EXPECT_EQ(empty.body(), "");

  ChunkedBody full(kLimit);
  full.Take("64\r\n" + std::string(kLimit, 'x') + "\r\n0\r\n\r\n");
  EXPECT_TRUE(full.is_complete());
  EXPECT_EQ(full.body().size(), kLimit);
}

TEST(ChunkedBodyTest, IsNotCompleteBeforeItsLastLine) {
  ChunkedBody body(kLimit);
  EXPECT_EQ(body.Take("2\r\nab\r\n0\r\n\r"), 10u);
  EXPECT_FALSE(body.is_complete());
  EXPECT_FALSE(body.error());
}

struct Malformed {
  std::string name;
  std::string bytes;
  int status;
};

class MalformedChunksTest : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedChunksTest, AreRefusedHoweverTheyAreCut) {
  for (const size_t piece : {size_t{1}, size_t{2}, size_t{7}, GetParam().bytes.size()}) {
    EXPECT_EQ(StatusOfRefused(GetParam().bytes, piece), GetParam().status) << piece;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rows, MalformedChunksTest,
    testing::Values(
        Malformed{"TooLarge", "65\r\n", 413},
        Malformed{"TooLargeInSum", "64\r\n" + std::string(kLimit, 'x') + "\r\n1\r\n", 413},
        Malformed{"SizeOverflow", "FFFFFFFFFFFFFFFFF\r\n", 400},
        Malformed{"SizeOfManyZeros", "000000001\r\n", 400}, Malformed{"NoSize", "\r\n", 400},
        Malformed{"NoSizeButAnExtension", ";a\r\n", 400}, Malformed{"SizeNegative", "-1\r\n", 400},
        Malformed{"SizeWithPrefix", "0x5\r\n", 400}, Malformed{"SizeWithPlus", "+5\r\n", 400},
        Malformed{"SpaceBefore", " 5\r\n", 400}, Malformed{"SpaceBehind", "5 \r\n", 400},
        Malformed{"TabBehind", "5\t;a\r\n", 400}, Malformed{"NoHexadecimal", "g\r\n", 400},
        Malformed{"LineFeedAlone", "5\nhello", 400},
        Malformed{"CarriageReturnAlone", "5\rhello", 400},
        Malformed{"LineFeedInAnExtension", "5;a\n\r\n", 400},
        Malformed{"LongExtension", "5;" + std::string(70, 'x'), 400},
        Malformed{"LongerThanItsSize", "5\r\nhello!\r\n", 400},
        Malformed{"LineFeedBehindData", "5\r\nhello\n", 400},
        Malformed{"Trailer", "0\r\nHost: evil.example\r\n\r\n", 400}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace sluice::edge
