#include "edge/sockjs/sockjs_codec.h"

#include <string>
#include <tuple>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge/sockjs/sockjs_path.h"
#include "edge/sockjs/sockjs_pipe.h"
#include "edge/sockjs/sockjs_request.h"
#include "edge/websocket/frame_codec.h"

namespace sluice::edge {
namespace {

using testing::ElementsAre;

std::string Quoted(std::string_view text) {
  std::string quoted;
  AppendSockJsString(text, &quoted);
  return quoted;
}

// Every code point as UTF-8.
std::string Utf8(uint32_t point) {
  if (point < 0x80) return {static_cast<char>(point)};
  std::string text;
  int shift = point < 0x800 ? 6 : point < 0x10000 ? 12 : 18;
  const uint32_t marks[] = {0xC0, 0xE0, 0xF0};
  text += static_cast<char>(marks[shift / 6 - 1] | point >> shift);
  while ((shift -= 6) >= 0) text += static_cast<char>(0x80 | (point >> shift & 0x3F));
  return text;
}

TEST(SockJsCodecTest, EscapesWhatBrowsersMangle) {
  EXPECT_EQ(Quoted("a\"\\/\n\r\t\x01\x7f"), "\"a\\\"\\\\/\\n\\u000d\\u0009\\u0001\x7f\"");
  EXPECT_EQ(Quoted(std::string_view("\0", 1)), R"("\u0000")");
  EXPECT_EQ(Quoted("\xe2\x80\x8b\xe2\x80\x8c"), "\"\xe2\x80\x8b\\u200c\"");
  EXPECT_EQ(Quoted("\xef\xbf\xaf\xef\xbf\xb0"), "\"\xef\xbf\xaf\\ufff0\"");
  EXPECT_EQ(Quoted("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), R"("\ud800\udc00\udbff\udfff")");
  EXPECT_EQ(Quoted("\xed\xa0\x80"), R"("\ufffd\ufffd\ufffd")");  // no UTF-8
}

TEST(SockJsCodecTest, EveryCharacterComesBack) {
  for (uint32_t point = 0; point <= 0x10FFFF; ++point) {
    if (point >= 0xD800 && point <= 0xDFFF) continue;
    const std::string text = Utf8(point);
    const ParsedSockJsMessages parsed = ParseSockJsMessages(Quoted(text));
    ASSERT_THAT(parsed.messages, ElementsAre(text)) << point;
  }
}

TEST(SockJsCodecTest, FramesHoldMessagesInOrder) {
  SockJsMessageFrame frame;
  EXPECT_TRUE(frame.empty());
  frame.Add("x");
  frame.Add("");
  EXPECT_EQ(frame.Take(), R"(a["x",""])");
  EXPECT_TRUE(frame.empty());
  EXPECT_EQ(SockJsCloseFrame(3000, "Go \"away\"!"), R"(c[3000,"Go \"away\"!"])");
}

TEST(SockJsCodecTest, ReadsWhatClientsSend) {
  EXPECT_THAT(ParseSockJsMessages(R"(["a","b"])").messages, ElementsAre("a", "b"));
  EXPECT_THAT(ParseSockJsMessages(R"("a")").messages, ElementsAre("a"));
  EXPECT_THAT(ParseSockJsMessages(R"( [ "\ud83d\ude00" ] )").messages,
              ElementsAre("\xf0\x9f\x98\x80"));
  EXPECT_TRUE(ParseSockJsMessages("[]").error.empty());
  for (const char* body : {"", "{}", "1", "null", "[null]", "[\"a\",1]"}) {
    EXPECT_EQ(ParseSockJsMessages(body).error, "Payload expected.") << body;
    EXPECT_TRUE(ParseSockJsMessages(body).messages.empty());
  }
  for (const char* body : {"[", "[\"a\"", "[\"a\"]]", "[\"a\",]", "[\"\\ud800\"]", "[\"\n\"]"}) {
    EXPECT_EQ(ParseSockJsMessages(body).error, "Broken JSON encoding.") << body;
  }
}

TEST(SockJsPathTest, NamesEndpointsAndSessions) {
  const auto target = SockJsTarget::Parse("/v1/sockjs/000/a=b~/xhr_send");
  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->endpoint, SockJsEndpoint::kXhrSend);
  EXPECT_EQ(target->session, "a=b~");
  EXPECT_EQ(target->method(), "POST");
  const std::string longest(64, 'a');
  EXPECT_TRUE(SockJsTarget::Parse("/v1/sockjs/" + longest + "/" + longest + "/xhr"));
  EXPECT_FALSE(SockJsTarget::Parse("/v1/sockjs/0/" + longest + "a/xhr"));
  EXPECT_FALSE(SockJsTarget::Parse("/v1/sockjs/0/a.b/xhr"));
  EXPECT_FALSE(SockJsTarget::Parse("/v1/sockjs/0.1/a/xhr"));
  EXPECT_FALSE(SockJsTarget::Parse("/v1/sockjss"));
}

TEST(SockJsPipeTest, ReadsFramesInPiecesOfAnySize) {
  const std::string large(70'000, 'x');
  const std::string octets = "HTTP/1.1 101 Switching Protocols\r\nA: b\r\n\r\n" +
                             WebSocketFrame(WebSocketOpcode::kText, "one") +
                             WebSocketFrame(WebSocketOpcode::kPong, "p") +
                             WebSocketFrame(WebSocketOpcode::kText, std::string(200, 'y')) +
                             WebSocketFrame(WebSocketOpcode::kText, large) +
                             WebSocketCloseFrame(WebSocketCloseCode::kGoingAway, "drain");
  for (const size_t step : {1u, 2u, 7u, 4096u, 100'000u}) {
    SockJsPipeReader reader;
    std::vector<std::string> heard;
    std::optional<SockJsPipeReader::Close> close;
    for (size_t at = 0; at < octets.size() && !close; at += step) {
      close = reader.Feed(std::string_view(octets).substr(at, step),
                          [&heard](std::string_view text) { heard.emplace_back(text); });
    }
    EXPECT_THAT(heard, ElementsAre("one", std::string(200, 'y'), large)) << step;
    ASSERT_TRUE(close.has_value());
    EXPECT_EQ(close->code, 1001);
    EXPECT_EQ(close->reason, "drain");
  }
}

TEST(SockJsPipeTest, WhatItWritesIsAClientsFrame) {
  for (const size_t size : {0u, 125u, 126u, 70'000u}) {
    std::string octets;
    AppendClientTextFrame(std::string(size, 'x'), &octets);
    WebSocketReader reader({.message_bytes = 100'000});
    std::span<char> left(octets);
    size_t heard = 0;
    EXPECT_FALSE(reader.Feed(&left, [&](const WebSocketMessage& message) {
      EXPECT_EQ(message.data, std::string(size, 'x'));
      ++heard;
      return true;
    }));
    EXPECT_EQ(heard, 1u);
  }
}

TEST(SockJsRequestTest, ComesBackFromItsText) {
  using Kind = SockJsRequest::Kind;
  for (const Kind kind : {Kind::kPoll, Kind::kHold, Kind::kRelease, Kind::kAbort, Kind::kSend}) {
    SockJsRequest request{.kind = kind, .session = "s", .receiver = 0xfedcba9876543210u};
    request.wait = std::chrono::milliseconds(5000);
    request.is_once = true;
    request.caller = {.user = 1, .credential = 0xffffffffffffffffu};
    request.body = "[\"a\\n\"]\n";
    const auto again = SockJsRequest::FromText("s", request.ToText());
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->kind, kind);
    EXPECT_EQ(again->ToText(), request.ToText());
  }
  for (const char* text : {"", "poll", "poll ", "poll 0 0", "poll 0 0 1", "poll 0 0 1 ",
                           "poll 0 0 0 1", "poll 0 0 1 -1", "poll 0 0 1 1 1", "poll 0 0 g 1",
                           "hold 0 0 1 1", "hold 0 1", "dance 0 0 1", "send", "send 0 0",
                           "send 0\n", "send\n[]", "poll 0 0 10000000000000000 1"}) {
    EXPECT_FALSE(SockJsRequest::FromText("s", text)) << text;
  }
}

TEST(SockJsAnswerTest, ComesBackFromItsText) {
  using Kind = SockJsAnswer::Kind;
  for (const auto& answer :
       {SockJsAnswer{Kind::kFrame, "o"}, SockJsAnswer{Kind::kLast, "c[1,\"\"]"},
        SockJsAnswer{Kind::kNothing}, SockJsAnswer{Kind::kDone}, SockJsAnswer{Kind::kNoSession},
        SockJsAnswer{Kind::kFull}, SockJsAnswer{Kind::kUnknown}}) {
    const auto again = SockJsAnswer::FromText(answer.ToText());
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->kind, answer.kind);
    EXPECT_EQ(again->frame, answer.frame);
  }
  for (const char* text : {"", "F", "L", "nx", "z"}) EXPECT_FALSE(SockJsAnswer::FromText(text));
}

}  // namespace
}  // namespace sluice::edge
