#include "edge/websocket/json_codec.h"

#include <string>

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include "edge/websocket/frame_codec.h"

namespace sluice::edge {
namespace {

namespace json = boost::json;

// The payload of the one unmasked text frame that `octets` are.
std::string Payload(std::string_view octets) {
  EXPECT_EQ(octets[0], '\x81');
  for (size_t header : {2u, 4u, 10u}) {
    const size_t size = octets.size() - header;
    if (WebSocketHeaderSize(size) != header) continue;
    std::string expected(header, '\0');
    WriteWebSocketHeader(WebSocketOpcode::kText, size, expected.data());
    if (octets.substr(0, header) == expected) return std::string(octets.substr(header));
  }
  ADD_FAILURE() << "not one frame";
  return "";
}

std::string Encode(const ChannelView& channel, std::string_view type, std::string_view data) {
  const Event event(42, channel, type, data, {});
  std::string memory;
  const std::string_view octets =
      EncodeJsonEvent(*Epoch::Parse("e1"), event, [&memory](size_t size) {
        memory.resize(size);
        return memory.data();
      });
  EXPECT_EQ(octets.size(), memory.size());
  return Payload(octets);
}

TEST(JsonCodecTest, WritesEvents) {
  EXPECT_EQ(Encode(ChannelView::User("alice"), "note", "hello"),
            R"({"type":"event","id":"e1-42","channel":"user","event":"note","data":"hello"})");
  EXPECT_EQ(Encode(ChannelView::Topic("a\"b"), "", "x"),
            R"({"type":"event","id":"e1-42","channel":"topic:a\"b","data":"x"})");
}

TEST(JsonCodecTest, WhateverIsPublishedIsReadBack) {
  std::string all;
  for (int c = 0; c < 128; ++c) all += static_cast<char>(c);
  all += "\u20ac\u2028\u2029\U0001F600\ufeff";
  for (const std::string& data :
       {std::string(), all, std::string(70'000, '"'), std::string("\0", 1)}) {
    const json::value read = json::parse(Encode(ChannelView::Topic(all.substr(32, 60)), "t", data));
    EXPECT_EQ(read.at("data").as_string(), json::string_view(data.data(), data.size()));
    EXPECT_EQ(read.at("channel").as_string(), "topic:" + all.substr(32, 60));
  }
  EXPECT_EQ(json::parse(Encode(ChannelView::User("a"), "", "\xff")).at("data").as_string(),
            "\ufffd");
}

TEST(JsonCodecTest, WithoutMemoryItWritesNothing) {
  const Event event(1, ChannelView::User("a"), "", "x", {});
  EXPECT_TRUE(
      EncodeJsonEvent(*Epoch::Parse("e1"), event, [](size_t) -> char* { return nullptr; }).empty());
}

TEST(JsonCodecTest, ReadsRequests) {
  const ParsedJsonRequest parsed = ParseJsonRequest(
      R"({"type":"subscribe","topic":"a","after":"e1-4","from":"now","ref":7,"extra":[1]})");
  EXPECT_EQ(parsed.error, "");
  EXPECT_EQ(parsed.request.type, "subscribe");
  EXPECT_EQ(parsed.request.topic, "a");
  EXPECT_EQ(parsed.request.after, "e1-4");
  EXPECT_EQ(parsed.request.from, "now");
  EXPECT_EQ(parsed.request.ref, "7");
  EXPECT_EQ(ParseJsonRequest(R"({"type":"x","ref":"a\"b"})").request.ref, R"("a\"b")");
  EXPECT_EQ(ParseJsonRequest(R"({"type":"x"})").request.after, std::nullopt);
}

TEST(JsonCodecTest, ARefMayHave64Octets) {
  for (const std::string& ref :
       {std::string(64, 'x'), std::string(64, '\x01'), std::string(32, '"')}) {
    const std::string text = json::serialize(json::object{{"type", "x"}, {"ref", ref}});
    EXPECT_EQ(ParseJsonRequest(text).error, "") << text;
    EXPECT_EQ(ParseJsonRequest(text).request.ref, json::serialize(json::value(ref)));
  }
}

TEST(JsonCodecTest, RefusesWhatIsNoRequest) {
  for (const std::string& text :
       {std::string(), std::string("x"), std::string("[]"), std::string("{"),
        std::string(R"({"type":1})"), std::string(R"({"type":"a","type":"b"})"),
        std::string(R"({"type":"a","ref":[1]})"), std::string(R"({"type":"a","after":4})"),
        R"({"type":"a","ref":")" + std::string(65, 'x') + "\"}",
        std::string(10'000, '[') + std::string(10'000, ']')}) {
    EXPECT_NE(ParseJsonRequest(text).error, "") << text.substr(0, 60);
  }
}

}  // namespace
}  // namespace sluice::edge
