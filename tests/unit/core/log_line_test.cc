#include "core/log_line.h"

#include <limits>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

std::string Line(std::string_view message, std::initializer_list<LogField> fields = {}) {
  const std::string line = FormatLogLine(
      {WallTime{}, LogLevel::kInfo, "edge", message, {fields.begin(), fields.size()}});
  const std::string_view head =
      R"({"ts":"1970-01-01T00:00:00.000Z","level":"info","component":"edge","msg":)";
  EXPECT_EQ(line.substr(0, head.size()), head);
  return line.substr(head.size());
}

TEST(LogLineTest, HasTimeLevelComponentAndMessage) {
  const WallTime time{std::chrono::milliseconds(1'709'210'096'789)};
  EXPECT_EQ(FormatLogLine({time, LogLevel::kWarning, "gateway", "append failed", {}}),
            R"({"ts":"2024-02-29T12:34:56.789Z","level":"warning","component":"gateway",)"
            R"("msg":"append failed"})");
}

TEST(LogLineTest, TimesBeforeTheEpochAreRoundedDown) {
  const WallTime time{std::chrono::milliseconds(-1)};
  EXPECT_THAT(FormatLogLine({time, LogLevel::kDebug, "", "", {}}),
              testing::HasSubstr("1969-12-31T23:59:59.999Z"));
}

TEST(LogLineTest, FieldsKeepTheirTypes) {
  EXPECT_EQ(Line("m", {{"text", "x"},
                       {"int", -7},
                       {"most", std::numeric_limits<uint64_t>::max()},
                       {"least", std::numeric_limits<int64_t>::min()},
                       {"real", 0.25},
                       {"flag", true},
                       {"string", std::string("s")},
                       {"absl", absl::string_view("a")}}),
            R"("m","text":"x","int":-7,"most":18446744073709551615,)"
            R"("least":-9223372036854775808,"real":0.25,"flag":true,"string":"s","absl":"a"})");
}

TEST(LogLineTest, NumbersThatJsonDoesNotKnowAreNull) {
  EXPECT_EQ(Line("m", {{"nan", std::numeric_limits<double>::quiet_NaN()},
                       {"inf", std::numeric_limits<double>::infinity()}}),
            R"("m","nan":null,"inf":null})");
}

TEST(LogLineTest, HostileBytesCanNeitherEndTheLineNorReachTheTerminal) {
  std::string hostile;
  for (int octet = 0; octet < 256; ++octet) hostile += static_cast<char>(octet);
  hostile +=
      "\"}\r\n{\"ts\":\"forged\"\x1b[2J\xc2\x9b"
      "2J\xe2\x80\xa8";
  const std::string line = Line("m", {{"user", hostile}, {hostile, 1}});
  for (const char c : line) {
    EXPECT_GE(static_cast<unsigned char>(c), 0x20);
    EXPECT_NE(c, '\x7f');
  }
  EXPECT_EQ(line.find("\xc2\x9b"), std::string::npos);
  EXPECT_EQ(line.find("\xe2\x80\xa8"), std::string::npos);
  EXPECT_NE(line.find(R"(\"}\r\n{\"ts\":\"forged\"\u001b[2J\u009b2J\u2028)"), std::string::npos);
}

TEST(LogLineTest, LongTextIsCut) {
  EXPECT_LT(Line("m", {{"text", std::string(1u << 20, 'x')}}).size(), 1'100u);
}

}  // namespace
}  // namespace sluice
