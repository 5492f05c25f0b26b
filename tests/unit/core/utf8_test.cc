#include "core/utf8.h"

#include <cstdint>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace sluice {
namespace {

// A decoder that is slow and plainly right: computes the code point and checks its range.
bool IsValidNaively(const std::string& bytes) {
  for (size_t i = 0; i < bytes.size();) {
    const auto lead = static_cast<uint8_t>(bytes[i]);
    const size_t length = lead < 0x80 ? 1 : lead < 0xC0 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (length == 0 || i + length > bytes.size()) return false;
    uint32_t point = length == 1   ? lead
                     : length == 2 ? lead & 0x1Fu
                     : length == 3 ? lead & 0xFu
                                   : lead & 0xFu;
    for (size_t j = 1; j < length; ++j) {
      const auto octet = static_cast<uint8_t>(bytes[i + j]);
      if (octet < 0x80 || octet > 0xBF) return false;
      point = (point << 6) | (octet & 0x3Fu);
    }
    constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < kLeast[length] || point > 0x10FFFF) return false;
    if (point >= 0xD800 && point <= 0xDFFF) return false;
    i += length;
  }
  return true;
}

TEST(Utf8Test, AcceptsTheFirstAndLastCharacterOfEveryRange) {
  for (const char* text :
       {"", "\x01", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xec\xbf\xbf", "\xed\x80\x80",
        "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf3\xbf\xbf\xbf",
        "\xf4\x80\x80\x80", "\xf4\x8f\xbf\xbf", "\xef\xbb\xbf"}) {
    EXPECT_TRUE(IsValidUtf8(text)) << testing::PrintToString(text);
  }
  EXPECT_TRUE(IsValidUtf8(std::string_view("\0", 1)));
}

TEST(Utf8Test, RefusesOverlongSurrogateTooHighAndTruncatedForms) {
  for (const char* text : {"\x80",
                           "\xbf",
                           "\xc0\x80",
                           "\xc1\xbf",
                           "\xc2",
                           "\xc2\x7f",
                           "\xc2\xc0",
                           "\xe0\x80\x80",
                           "\xe0\x9f\xbf",
                           "\xe1\x80",
                           "\xe1\x80\x7f",
                           "\xed\xa0\x80",
                           "\xed\xbf\xbf",
                           "\xf0\x80\x80\x80",
                           "\xf0\x8f\xbf\xbf",
                           "\xf1\x80\x80",
                           "\xf4\x90\x80\x80",
                           "\xf5\x80\x80\x80",
                           "\xf8\x88\x80\x80\x80",
                           "\xfe",
                           "\xff"}) {
    EXPECT_FALSE(IsValidUtf8(text)) << testing::PrintToString(text);
  }
}

// The validator reads eight octets at a time, so the place of a fault matters.
TEST(Utf8Test, FindsAFaultAtEveryOffsetAndLength) {
  for (size_t length = 1; length <= 40; ++length) {
    for (size_t at = 0; at < length; ++at) {
      std::string text(length, 'x');
      EXPECT_TRUE(IsValidUtf8(text));
      text[at] = '\xff';
      EXPECT_FALSE(IsValidUtf8(text)) << length << " " << at;
    }
  }
}

TEST(Utf8Test, AgreesWithANaiveDecoderOnEveryPairAndOnRandomBytes) {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const std::string text = {static_cast<char>(a), static_cast<char>(b)};
      ASSERT_EQ(IsValidUtf8(text), IsValidNaively(text)) << a << " " << b;
    }
  }
  std::mt19937 random(20240229);
  // Octets at the edges of the ranges make sequences that are nearly right.
  constexpr uint8_t kEdges[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1,
                                0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5};
  for (int round = 0; round < 300'000; ++round) {
    std::string text(random() % 9, '\0');
    for (char& c : text) c = static_cast<char>(kEdges[random() % std::size(kEdges)]);
    ASSERT_EQ(IsValidUtf8(text), IsValidNaively(text)) << testing::PrintToString(text);
  }
}

TEST(Utf8Test, FindsControlCharactersOfBothBlocks) {
  for (uint32_t point = 0; point < 0x100; ++point) {
    const std::string text = point < 0x80 ? std::string(1, static_cast<char>(point))
                                          : std::string{static_cast<char>(0xC0 | (point >> 6)),
                                                        static_cast<char>(0x80 | (point & 0x3F))};
    const bool is_control = point < 0x20 || (point >= 0x7F && point < 0xA0);
    EXPECT_EQ(HasControlCharacter("ab" + text + "c"), is_control) << point;
  }
  EXPECT_FALSE(HasControlCharacter("\u2028\u202e\ufeff"));
}

}  // namespace
}  // namespace sluice
