#include "edge/http/http_date.h"

#include <chrono>

#include <gtest/gtest.h>

namespace sluice::edge {
namespace {

WallTime At(int64_t unix_seconds) { return WallTime(std::chrono::seconds(unix_seconds)); }

TEST(HttpDateTest, IsInTheFixedFormOfHttp) {
  EXPECT_EQ(HttpDate(At(784'111'777)), "Sun, 06 Nov 1994 08:49:37 GMT");  // RFC 9110 5.6.7
  EXPECT_EQ(HttpDate(At(0)), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(HttpDate(At(1'709'210'096)), "Thu, 29 Feb 2024 12:34:56 GMT");
  EXPECT_EQ(HttpDate(At(1'735'689'599)), "Tue, 31 Dec 2024 23:59:59 GMT");
  EXPECT_EQ(HttpDate(WallTime::max()), "Fri, 11 Apr 2262 23:47:16 GMT");
}

TEST(HttpDateTest, CutsTheFractionOffBeforeTheEpochToo) {
  EXPECT_EQ(HttpDate(At(0) + std::chrono::milliseconds(999)), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(HttpDate(At(0) - std::chrono::milliseconds(1)), "Wed, 31 Dec 1969 23:59:59 GMT");
}

}  // namespace
}  // namespace sluice::edge
