#include "core/cursor.h"

#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace sluice {
namespace {

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
  for (const std::string& text : {std::string(""),
                                  std::string("0"),
                                  std::string("-"),
                                  std::string("a"),
                                  std::string("a-"),
                                  std::string("-1"),
                                  std::string("a--1"),
                                  std::string("a-+1"),
                                  std::string("a- 1"),
                                  std::string("a-1 "),
                                  std::string(" a-1"),
                                  std::string("a-1.0"),
                                  std::string("a-1e3"),
                                  std::string("a-0x1"),
                                  std::string("a-01"),
                                  std::string("a-00"),
                                  std::string("a-1-1"),
                                  std::string("a-18446744073709551616"),
                                  std::string("a-99999999999999999999999"),
                                  std::string("A-1"),
                                  std::string("a_b-1"),
                                  std::string("\u00e9-1"),
                                  std::string("a-\u0661"),
                                  std::string("abcdefghijklmn-1"),
                                  std::string("a-1\r\n"),
                                  std::string("a\n-1"),
                                  std::string("a-1\0", 4),
                                  std::string("\0a-1", 4),
                                  std::string("earliest"),
                                  std::string("a-") + std::string(10'240, '1'),
                                  std::string(10'240, 'a') + "-1"}) {
    EXPECT_FALSE(Cursor::Parse(text)) << testing::PrintToString(text.substr(0, 40));
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
