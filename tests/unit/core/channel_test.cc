#include "core/channel.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/container/flat_hash_set.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;

bool IsAccepted(std::string_view name) { return ValidateChannelName("user_id", name).ok(); }

TEST(ChannelTest, AcceptsEveryNameWithoutControlCharacters) {
  for (const std::string& name :
       {std::string("alice"), std::string("*"), std::string(">"), std::string("a.b"),
        std::string("a b"), std::string("."), std::string("="), std::string("=2E"),
        std::string("$SYS"), std::string("$JS.API.STREAM.DELETE.X"), std::string("_INBOX.x"),
        std::string("\u00a0"), std::string("\u0430lice"), std::string("\U0010FFFF"),
        std::string("\u2028"), std::string("%00"), std::string(1, 'x'), std::string(256, 'x')}) {
    EXPECT_TRUE(IsAccepted(name)) << name;
  }
}

TEST(ChannelTest, RefusesControlCharactersAndBadUtf8) {
  for (const std::string& name :
       {std::string("a\tb"), std::string("a\r\nPUB x 1\r\ny"), std::string("a\0b", 3),
        std::string("\x1b[31m"), std::string("\x7f"), std::string("\xc2\x80"),
        std::string("\xc2\x9f"), std::string("\xff"), std::string("\xc0\x80"),
        std::string("\xed\xa0\x80"), std::string("abc\xe2\x82")}) {
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
