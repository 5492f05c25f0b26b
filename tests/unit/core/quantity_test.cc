#include "core/quantity.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(ParseDurationTest, ReadsEveryUnit) {
  EXPECT_EQ(ParseDuration("250ms"), milliseconds(250));
  EXPECT_EQ(ParseDuration("25s"), seconds(25));
  EXPECT_EQ(ParseDuration("5m"), minutes(5));
  EXPECT_EQ(ParseDuration("1h"), hours(1));
  EXPECT_EQ(ParseDuration("0"), milliseconds(0));
  EXPECT_EQ(ParseDuration("0s"), milliseconds(0));
  EXPECT_EQ(ParseDuration("9223372036854775807ms"), milliseconds::max());
}

TEST(ParseDurationTest, RefusesOtherTexts) {
  for (const char* text :
       {"", " ", "5", "s", "5 s", " 5s", "5s ", "-5s", "+5s", "1.5s", "5S", "5sec", "1h30m", "0x5s",
        "5us", "9223372036854775808ms", "9223372036854775807s", "99999999999999999999h"}) {
    EXPECT_EQ(ParseDuration(text), std::nullopt) << text;
  }
}

TEST(ParseByteSizeTest, ReadsEveryUnit) {
  EXPECT_EQ(ParseByteSize("512"), 512u);
  EXPECT_EQ(ParseByteSize("512B"), 512u);
  EXPECT_EQ(ParseByteSize("64KiB"), 65'536u);
  EXPECT_EQ(ParseByteSize("1MiB"), 1'048'576u);
  EXPECT_EQ(ParseByteSize("2GiB"), uint64_t{2} << 30);
  EXPECT_EQ(ParseByteSize("0"), 0u);
  EXPECT_EQ(ParseByteSize("18446744073709551615"), UINT64_MAX);
}

TEST(ParseByteSizeTest, RefusesOtherTexts) {
  for (const char* text : {"", "KiB", "64 KiB", "64K", "64k", "64KB", "64kb", "64kib", "-1", "+1",
                           "1.5MiB", "1e6", "18446744073709551616", "17179869184GiB", "1TiB"}) {
    EXPECT_EQ(ParseByteSize(text), std::nullopt) << text;
  }
}

TEST(FormatTest, TakesTheLargestUnitThatDivides) {
  EXPECT_EQ(FormatDuration(milliseconds(0)), "0ms");
  EXPECT_EQ(FormatDuration(milliseconds(1'500)), "1500ms");
  EXPECT_EQ(FormatDuration(seconds(90)), "90s");
  EXPECT_EQ(FormatDuration(minutes(120)), "2h");
  EXPECT_EQ(FormatByteSize(0), "0B");
  EXPECT_EQ(FormatByteSize(1'025), "1025B");
  EXPECT_EQ(FormatByteSize(65'536), "64KiB");
  EXPECT_EQ(FormatByteSize(uint64_t{3} << 30), "3GiB");
}

TEST(FormatTest, IsReadBackAsTheSameValue) {
  for (uint64_t value = 1; value < (uint64_t{1} << 50); value = value * 3 + 7) {
    const milliseconds duration(static_cast<int64_t>(value));
    EXPECT_EQ(ParseDuration(FormatDuration(duration)), duration);
    EXPECT_EQ(ParseByteSize(FormatByteSize(value)), value);
  }
}

}  // namespace
}  // namespace sluice
