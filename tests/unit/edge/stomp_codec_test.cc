#include "edge/stomp/stomp_codec.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "edge/stomp/stomp_destination.h"
#include "edge/websocket/frame_codec.h"

namespace sluice::edge {
namespace {

using std::string_literals::operator""s;

struct Read {
  std::vector<StompFrame> frames;
  std::string error;  // empty: none
};

Read ReadAll(StompReader* reader, std::string_view octets) {
  Read read;
  const auto error = reader->Feed(octets, [&read](const StompFrame& frame) {
    read.frames.push_back(frame);
    return true;
  });
  read.error = error.value_or("");
  return read;
}

Read ReadAs(StompVersion version, std::string_view octets) {
  StompReader reader({});
  reader.set_version(version);
  return ReadAll(&reader, octets);
}

TEST(StompCodecTest, ABodyEndsAtItsLengthOrAtTheFirstNul) {
  const Read with = ReadAs(StompVersion::k12, "SEND\ncontent-length:3\n\na\0b\0"s);
  ASSERT_EQ(with.frames.size(), 1u) << with.error;
  EXPECT_EQ(with.frames[0].body, "a\0b"s);
  const Read without = ReadAs(StompVersion::k12, "SEND\n\nab\0\n\nACK\n\n\0"s);
  ASSERT_EQ(without.frames.size(), 2u) << without.error;
  EXPECT_EQ(without.frames[0].body, "ab");
  EXPECT_EQ(without.frames[1].command, "ACK");
}

TEST(StompCodecTest, EachVersionHasItsEscapes) {
  const std::string frame = "A\nk\\cey:a\\nb\\\\c\n\n\0"s;
  EXPECT_EQ(ReadAs(StompVersion::k12, frame).frames.at(0).Value("k:ey"), "a\nb\\c");
  EXPECT_EQ(ReadAs(StompVersion::k11, frame).frames.at(0).Value("k:ey"), "a\nb\\c");
  EXPECT_EQ(ReadAs(StompVersion::k10, frame).frames.at(0).Value("k\\cey"), "a\\nb\\\\c");
  EXPECT_EQ(ReadAs(StompVersion::k12, "A\nk:\\r\n\n\0"s).frames.at(0).Value("k"), "\r");
  EXPECT_EQ(ReadAs(StompVersion::k11, "A\nk:\\r\n\n\0"s).error, "an escape that does not exist");
  EXPECT_EQ(ReadAs(StompVersion::k12, "A\nk:\\t\n\n\0"s).error, "an escape that does not exist");
  EXPECT_EQ(ReadAs(StompVersion::k12, "A\nk:\\\n\n\0"s).error, "an escape that does not exist");
  // CONNECT has none, whatever is spoken later.
  EXPECT_EQ(
      ReadAs(StompVersion::k12, "CONNECT\npasscode:a\\tb\n\n\0"s).frames.at(0).Value("passcode"),
      "a\\tb");
}

TEST(StompCodecTest, TheFirstOfAHeaderCountsAndValuesKeepTheirSpaces) {
  const Read read = ReadAs(StompVersion::k12, "A\nk: 1 \nk:2\nempty:\n\n\0"s);
  ASSERT_EQ(read.frames.size(), 1u) << read.error;
  EXPECT_EQ(read.frames[0].Value("k"), " 1 ");
  ASSERT_NE(read.frames[0].Find("empty"), nullptr);
  EXPECT_EQ(*read.frames[0].Find("empty"), "");
  EXPECT_EQ(read.frames[0].Find("absent"), nullptr);
}

TEST(StompCodecTest, WhatIsTooLargeIsRefusedBeforeItHasCome) {
  StompReader head({.head_bytes = 100});
  EXPECT_EQ(ReadAll(&head, std::string(99, 'a')).error, "");
  EXPECT_EQ(ReadAll(&head, "a").error, "the headers are too large");
  StompReader body({.body_bytes = 100});
  EXPECT_EQ(ReadAll(&body, "SEND\n\n" + std::string(100, 'a')).error, "");
  EXPECT_EQ(ReadAll(&body, "a").error, "the body is too large");
  StompReader length({.body_bytes = 100});
  EXPECT_EQ(ReadAll(&length, "SEND\ncontent-length:101\n\n").error, "the body is too large");
  StompReader headers({.headers = 2});
  EXPECT_EQ(ReadAll(&headers, "SEND\na:1\nb:2\nc:3\n\n").error, "too many headers");
}

TEST(StompCodecTest, AFrameThatStopsTheReadingIsTheLast) {
  StompReader reader({});
  int count = 0;
  const auto stop = [&count](const StompFrame&) { return ++count % 2 != 0; };
  EXPECT_FALSE(reader.Feed("A\n\n\0B\n\n\0C\n\n\0"s, stop));
  EXPECT_EQ(count, 2);
  EXPECT_EQ(ReadAll(&reader, "").frames.at(0).command, "C");
}

TEST(StompCodecTest, AnEventIsOneFrameWithAPrefixOfItsSubscription) {
  const std::string topic = "a:b\\c";
  const std::string data(70'000, 'x');
  for (const size_t bytes : {size_t{0}, size_t{10}, size_t{200}, data.size()}) {
    const Event event(42, ChannelView::Topic(topic), "ty:pe", data.substr(0, bytes), {});
    std::string shared;
    std::string prefix;
    const auto into = [](std::string* memory) {
      return [memory](size_t size) {
        memory->resize(size);
        return memory->data();
      };
    };
    EncodeStompEvent(*Epoch::Parse("e1"), event, into(&shared));
    EncodeStompPrefix("s-1", "", shared.size(), into(&prefix));
    const std::string octets = prefix + shared;
    const size_t header = octets.find("MESSAGE");
    std::string expected(kMaxWebSocketHeader, '\0');
    char* const end =
        WriteWebSocketHeader(WebSocketOpcode::kText, octets.size() - header, expected.data());
    expected.resize(static_cast<size_t>(end - expected.data()));
    EXPECT_EQ(octets.substr(0, header), expected);
    StompReader reader({.body_bytes = 1u << 20});
    reader.set_version(StompVersion::k12);
    const Read read = ReadAll(&reader, std::string_view(octets).substr(header));
    ASSERT_EQ(read.frames.size(), 1u) << read.error;
    EXPECT_EQ(read.frames[0].Value("subscription"), "s-1");
    EXPECT_EQ(read.frames[0].Value("message-id"), "e1-42");
    EXPECT_EQ(read.frames[0].Value("destination"), "/topic/" + topic);
    EXPECT_EQ(read.frames[0].Value("type"), "ty:pe");
    EXPECT_EQ(read.frames[0].body.size(), bytes);
  }
}

TEST(StompDestinationTest, NamesTopicsAndTheUsersQueues) {
  const Event topic(1, ChannelView::Topic("a"), "x", "", {});
  const Event order(2, ChannelView::User("u"), "order", "", {});
  const Event plain(3, ChannelView::User("u"), "", "", {});
  const auto takes = [](const char* destination, const Event& event) {
    const auto parsed = StompDestination::Parse(destination);
    return parsed && parsed->Takes(event);
  };
  EXPECT_TRUE(takes("/topic/a", topic));
  EXPECT_FALSE(takes("/topic/b", topic));
  EXPECT_FALSE(takes("/topic/u", order));
  EXPECT_TRUE(takes("/user/queue", order));
  EXPECT_TRUE(takes("/user/queue", plain));
  EXPECT_TRUE(takes("/user/queue/order", order));
  EXPECT_FALSE(takes("/user/queue/order", plain));
  EXPECT_FALSE(takes("/user/queue", topic));
  for (const char* none : {"", "/", "/topic", "/topic/", "/user", "/user/queue/", "/user/queuex",
                           "/user/u/queue", "/queue/a", "topic/a", "/topic/\x01z"}) {
    EXPECT_FALSE(StompDestination::Parse(none)) << none;
  }
}

}  // namespace
}  // namespace sluice::edge
