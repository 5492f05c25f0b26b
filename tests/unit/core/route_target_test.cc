#include "core/route_target.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice {
namespace {

TEST(RouteTargetTest, LeadsToTheChannelThatItNames) {
  EXPECT_EQ(RouteTarget::Parse("topic:chat")->ChannelFor("alice"), ChannelView::Topic("chat"));
  EXPECT_EQ(RouteTarget::Parse("user:ops")->ChannelFor("alice"), ChannelView::User("ops"));
  EXPECT_EQ(RouteTarget::Parse("user:{user}")->ChannelFor("alice"), ChannelView::User("alice"));
  EXPECT_EQ(RouteTarget::Parse("topic:{user}")->ChannelFor("alice"), ChannelView::Topic("{user}"));
  EXPECT_EQ(RouteTarget::Parse("topic:a:b")->ChannelFor("alice"), ChannelView::Topic("a:b"));
}

TEST(RouteTargetTest, RefusesWhatIsNoChannel) {
  const std::string long_name(257, 'x');
  for (const std::string& text :
       {std::string(), std::string("chat"), std::string("topic:"), std::string("user:"),
        std::string("Topic:chat"), std::string("topic:a\nb"), "topic:" + long_name}) {
    EXPECT_EQ(RouteTarget::Parse(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace sluice
