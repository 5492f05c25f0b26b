#include "ingest/presence_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(PresenceQuestionTest, WhatIsAskedIsRead) {
  const PresenceQuestion question{{"alice", "d\xc3\xa9j\xc3\xa0 \"vu\"\\", "a"}};
  const auto read = PresenceQuestion::FromJson(question.ToJson());
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->users, question.users);
  EXPECT_EQ(PresenceQuestion{}.ToJson(), "{\"users\":[]}");
  EXPECT_THAT(PresenceQuestion::FromJson("{\"users\":[],\"more\":1}")->users, IsEmpty());
}

TEST(PresenceQuestionTest, OthersAreNone) {
  for (const char* text :
       {"", "{", "[]", "1", "{}", "{\"users\":\"alice\"}", "{\"users\":[1]}",
        "{\"users\":[\"a\",null]}", "{\"users\":[]} x", "{\"users\":[\"\xff\"]}"}) {
    EXPECT_FALSE(PresenceQuestion::FromJson(text).has_value()) << text;
  }
}

TEST(EdgeCountsTest, WhatIsAnsweredIsRead) {
  const EdgeCounts counts{.edge = "0a1f", .sessions = {0, 3, 4'294'967'295}};
  EXPECT_EQ(counts.ToJson(), R"({"edge":"0a1f","sessions":[0,3,4294967295]})");
  const auto read = EdgeCounts::FromJson(counts.ToJson());
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->edge, "0a1f");
  EXPECT_THAT(read->sessions, ElementsAre(0, 3, 4'294'967'295));
}

TEST(EdgeCountsTest, OthersAreNone) {
  for (const char* text : {"", "{}", R"({"edge":"a"})", R"({"sessions":[]})",
                           R"({"edge":1,"sessions":[]})", R"({"edge":"","sessions":[]})",
                           R"({"edge":"A","sessions":[]})", R"({"edge":"a\n","sessions":[]})",
                           R"({"edge":"000000000000000000000000000000000","sessions":[]})",
                           R"({"edge":"a","sessions":{}})", R"({"edge":"a","sessions":["1"]})",
                           R"({"edge":"a","sessions":[-1]})", R"({"edge":"a","sessions":[1.5]})",
                           R"({"edge":"a","sessions":[4294967296]})"}) {
    EXPECT_FALSE(EdgeCounts::FromJson(text).has_value()) << text;
  }
}

TEST(EdgeBeaconTest, WhatIsSaidIsRead) {
  for (const bool leaves : {false, true}) {
    const auto read = EdgeBeacon::FromJson(EdgeBeacon{"0a1f", leaves}.ToJson());
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->edge, "0a1f");
    EXPECT_EQ(read->leaves, leaves);
  }
  for (const char* text : {"", "{}", R"({"edge":"a"})", R"({"edge":"a","leaves":0})",
                           R"({"edge":">","leaves":false})", R"({"leaves":false})"}) {
    EXPECT_FALSE(EdgeBeacon::FromJson(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace sluice::ingest
