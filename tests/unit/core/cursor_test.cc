#include "core/cursor.h"

#include <limits>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace sluice {
namespace {

using namespace std::string_view_literals;

constexpr uint64_t kMaxUint64 = std::numeric_limits<uint64_t>::max();

TEST(CursorTest, ReadsWhatItWrites) {
  for (const uint64_t sequence : {uint64_t{0}, uint64_t{1}, uint64_t{1} << 63, kMaxUint64}) {
    const Cursor cursor{*Epoch::Parse("k3f9a"), sequence};
    EXPECT_EQ(Cursor::Parse(cursor.ToString()), cursor);
  }
  EXPECT_EQ((Cursor{*Epoch::Parse("k3f9a"), 1041}).ToString(), "k3f9a-1041");
  EXPECT_EQ(Cursor::Parse("k3f9a-18446744073709551615")->sequence, kMaxUint64);
  EXPECT_EQ(Cursor::Parse("k3f9a-9223372036854775808")->sequence, uint64_t{1} << 63);
}

TEST(CursorTest, RefusesEveryOtherText) {
  const std::string long_sequence = "a-" + std::string(10'240, '1');
  const std::string long_epoch = std::string(10'240, 'a') + "-1";
  for (const std::string_view text : {""sv,
                                      "0"sv,
                                      "-"sv,
                                      "a"sv,
                                      "a-"sv,
                                      "-1"sv,
                                      "a--1"sv,
                                      "a-+1"sv,
                                      "a- 1"sv,
                                      "a-1 "sv,
                                      " a-1"sv,
                                      "a-1.0"sv,
                                      "a-1e3"sv,
                                      "a-0x1"sv,
                                      "a-01"sv,
                                      "a-00"sv,
                                      "a-1-1"sv,
                                      "a-18446744073709551616"sv,
                                      "a-99999999999999999999999"sv,
                                      "A-1"sv,
                                      "a_b-1"sv,
                                      "\u00e9-1"sv,
                                      "a-\u0661"sv,
                                      "abcdefghijklmn-1"sv,
                                      "a-1\r\n"sv,
                                      "a\n-1"sv,
                                      "a-1\0"sv,
                                      "\0a-1"sv,
                                      "earliest"sv,
                                      std::string_view(long_sequence),
                                      std::string_view(long_epoch)}) {
    EXPECT_FALSE(Cursor::Parse(text)) << text.substr(0, 40);
  }
}

TEST(CursorTest, CursorsOfDifferentEpochsDiffer) {
  EXPECT_NE(Cursor::Parse("a-1"), Cursor::Parse("b-1"));
  EXPECT_NE(Cursor::Parse("a-1"), Cursor::Parse("a-2"));
}

TEST(EpochTest, IsOneToThirteenDigitsOrLowerCaseLetters) {
  EXPECT_TRUE(Epoch::Parse("0"));
  EXPECT_TRUE(Epoch::Parse("abcdefghijklm"));
  EXPECT_FALSE(Epoch::Parse(""));
  EXPECT_FALSE(Epoch::Parse("abcdefghijklmn"));
  EXPECT_FALSE(Epoch::Parse("a b"));
}

TEST(EpochTest, EveryNumberFits) {
  EXPECT_EQ(Epoch::FromNumber(0).text(), "0");
  EXPECT_EQ(Epoch::FromNumber(35).text(), "z");
  EXPECT_EQ(Epoch::FromNumber(36).text(), "10");
  EXPECT_EQ(Epoch::FromNumber(kMaxUint64).text(), "3w5e11264sgsf");
  EXPECT_TRUE(Epoch::Parse(Epoch::FromNumber(kMaxUint64).text()));
}

}  // namespace
}  // namespace sluice
