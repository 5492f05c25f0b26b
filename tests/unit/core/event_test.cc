#include "core/event.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(EventTest, KeepsCopiesOfItsParts) {
  std::string name = "alice", type = "order", data = std::string("{\0}", 3);
  const Event event(7, ChannelView::User(name), type, data, {.published = {}});
  name = type = data = "gone";
  EXPECT_EQ(event.sequence(), 7u);
  EXPECT_TRUE(event.channel() == ChannelView::User("alice"));
  EXPECT_EQ(event.type(), "order");
  EXPECT_EQ(event.data(), std::string_view("{\0}", 3));
}

TEST(EventTest, PartsMayBeEmptyOrNull) {
  const Event event(1, ChannelView::Topic("t"), std::string_view(), std::string_view(),
                    {.published = {}});
  EXPECT_EQ(event.type(), "");
  EXPECT_EQ(event.data(), "");
  EXPECT_TRUE(event.channel() == ChannelView::Topic("t"));
}

TEST(EventTest, HoldsTheLargestPartsThatTheLimitsAllow) {
  const std::string name(kMaxChannelNameBytes, 'n'), type(kMaxEventTypeBytes, 't');
  const std::string data(1u << 20, 'd');
  const Event event(1, ChannelView::User(name), type, data, {.published = {}});
  EXPECT_EQ(event.channel().name, name);
  EXPECT_EQ(event.type(), type);
  EXPECT_EQ(event.data(), data);
  EXPECT_EQ(event.size_bytes(), sizeof(Event) + name.size() + type.size() + data.size());
}

TEST(EventTest, ViewsStayValidWhenABatchGrows) {
  EventBatch batch;
  batch.events.emplace_back(1, ChannelView::User("a"), "t", "first", Event::Times{});
  const std::string_view data = batch.events[0].data();
  for (uint64_t i = 2; i < 100; ++i) {
    batch.events.emplace_back(i, ChannelView::User("a"), "t", "later", Event::Times{});
  }
  EXPECT_EQ(data, "first");
  EXPECT_EQ(batch.events[0].data().data(), data.data());
}

}  // namespace
}  // namespace sluice
