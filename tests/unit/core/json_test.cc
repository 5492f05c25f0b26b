#include "core/json.h"

#include <string>

#include <gtest/gtest.h>

namespace sluice {
namespace {

std::string Json(std::string_view text) {
  std::string out;
  AppendJsonString(text, &out);
  return out;
}

TEST(JsonStringTest, KeepsTextOfAnyLanguage) {
  EXPECT_EQ(Json(""), "\"\"");
  EXPECT_EQ(Json("gr\u00fc\u00df \U0001F600 /"), "\"gr\u00fc\u00df \U0001F600 /\"");
}

TEST(JsonStringTest, EscapesQuotesAndControlCharacters) {
  EXPECT_EQ(Json("\"\\\n\r\t"), R"("\"\\\n\r\t")");
  EXPECT_EQ(Json(std::string_view("\0\x1b[31m\x7f", 7)), R"("\u0000\u001b[31m\u007f")");
  EXPECT_EQ(Json("\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0"), "\"\\u0080\\u009b\\u009f\xc2\xa0\"");
  EXPECT_EQ(Json("\u2028\u2029"), R"("\u2028\u2029")");
}

TEST(JsonStringTest, ReplacesEachOctetThatIsNotUtf8) {
  EXPECT_EQ(Json("a\xff\xc0\x80z"), "\"a\uFFFD\uFFFD\uFFFDz\"");
  EXPECT_EQ(Json("\xe2\x82"), "\"\uFFFD\uFFFD\"");
  EXPECT_EQ(Json("\xc2"), "\"\uFFFD\"");
}

}  // namespace
}  // namespace sluice
