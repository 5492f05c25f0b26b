#include "core/channel.h"

#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/container/flat_hash_set.h"

namespace sluice {
namespace {

using namespace std::string_view_literals;

using ::testing::HasSubstr;

bool IsAccepted(std::string_view name) { return ValidateChannelName("user_id", name).ok(); }

TEST(ChannelTest, AcceptsEveryNameWithoutControlCharacters) {
  const std::string longest(256, 'x');
  for (const std::string_view name :
       {"alice"sv, "*"sv, ">"sv, "a.b"sv, "a b"sv, "."sv, "="sv, "=2E"sv, "$SYS"sv,
        "$JS.API.STREAM.DELETE.X"sv, "_INBOX.x"sv, "\u00a0"sv, "\u0430lice"sv, "\U0010FFFF"sv,
        "\u2028"sv, "%00"sv, "x"sv, std::string_view(longest)}) {
    EXPECT_TRUE(IsAccepted(name)) << name;
  }
}

TEST(ChannelTest, RefusesControlCharactersAndBadUtf8) {
  for (const std::string_view name :
       {"a\tb"sv, "a\r\nPUB x 1\r\ny"sv, "a\0b"sv, "\x1b[31m"sv, "\x7f"sv, "\xc2\x80"sv,
        "\xc2\x9f"sv, "\xff"sv, "\xc0\x80"sv, "\xed\xa0\x80"sv, "abc\xe2\x82"sv}) {
    EXPECT_FALSE(IsAccepted(name)) << testing::PrintToString(name);
  }
}

TEST(ChannelTest, RefusesEmptyAndOverlongNamesAndSaysTheLimit) {
  EXPECT_FALSE(IsAccepted(""));
  EXPECT_FALSE(IsAccepted(std::string(257, 'x')));
  const absl::Status status = ValidateChannelName("topic", std::string(257, 'x'));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("topic must be 1 to 256 bytes, got 257"));
}

TEST(ChannelTest, TheLimitCountsBytesNotCharacters) {
  std::string name;
  for (int i = 0; i < 64; ++i) name += "\U0001F600";
  EXPECT_TRUE(IsAccepted(name));
  EXPECT_FALSE(IsAccepted(name + "x"));
}

TEST(ChannelTest, AUserAndATopicOfOneNameDiffer) {
  EXPECT_FALSE(ChannelView::User("a") == ChannelView::Topic("a"));
  const absl::flat_hash_set<ChannelView, ChannelHash> channels = {
      ChannelView::User("a"), ChannelView::Topic("a"), ChannelView::User("a")};
  EXPECT_EQ(channels.size(), 2u);
}

TEST(ChannelTest, AViewEqualsTheChannelThatItViews) {
  const Channel channel = Channel::Topic("orders");
  EXPECT_TRUE(channel.view() == ChannelView::Topic("orders"));
  EXPECT_EQ(channel.view().hash, ChannelView::Topic("orders").hash);
}

}  // namespace
}  // namespace sluice
