#include "edge/sse/sse_codec.h"

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/sse_parser.h"

namespace sluice::edge {
namespace {

constexpr uint64_t kMaxSequence = std::numeric_limits<uint64_t>::max();

const Epoch kEpoch = *Epoch::Parse("k3f9a");

std::string Encode(uint64_t sequence, std::string_view type, std::string_view data) {
  const Event event(sequence, ChannelView::User("alice"), type, data, {});
  std::string block;
  EncodeSseEvent(kEpoch, event, [&block](size_t size) {
    block.resize(size);
    return block.data();
  });
  return block;
}

// What a browser makes of the event.
std::vector<SseMessage> Parsed(std::string_view type, std::string_view data) {
  return ParseSse(Encode(7, type, data));
}

TEST(SseCodecTest, WritesIdTypeAndData) {
  EXPECT_EQ(Encode(1042, "order-update", "{\"orderId\":7}"),
            "id: k3f9a-1042\nevent: order-update\ndata: {\"orderId\":7}\n\n");
}

TEST(SseCodecTest, LeavesOutTheEventLineWithoutAType) {
  EXPECT_EQ(Encode(1, "", "x"), "id: k3f9a-1\ndata: x\n\n");
}

TEST(SseCodecTest, SplitsDataOnEveryLineEnding) {
  const std::pair<std::string, std::string> rows[] = {
      {"", "data: \n"},
      {"a", "data: a\n"},
      {"a\nb", "data: a\ndata: b\n"},
      {"a\rb", "data: a\ndata: b\n"},
      {"a\r\nb", "data: a\ndata: b\n"},
      {"a\n\rb", "data: a\ndata: \ndata: b\n"},
      {"a\n\nb", "data: a\ndata: \ndata: b\n"},
      {"a\r\rb", "data: a\ndata: \ndata: b\n"},
      {"a\r\n\r\nb", "data: a\ndata: \ndata: b\n"},
      {"a\n", "data: a\ndata: \n"},
      {"a\r", "data: a\ndata: \n"},
      {"a\r\n", "data: a\ndata: \n"},
      {"\n", "data: \ndata: \n"},
      {"\r", "data: \ndata: \n"},
      {"\r\n", "data: \ndata: \n"},
      {"\r\n\n\r", "data: \ndata: \ndata: \ndata: \n"},
      {" a", "data:  a\n"},
      {"data: x", "data: data: x\n"},
      {"a\nid: evil-1", "data: a\ndata: id: evil-1\n"},
      {":comment", "data: :comment\n"},
  };
  for (const auto& [data, lines] : rows) {
    EXPECT_EQ(Encode(1, "", data), "id: k3f9a-1\n" + lines + "\n") << testing::PrintToString(data);
  }
}

TEST(SseCodecTest, KeepsEveryOtherOctet) {
  std::string all;
  for (int c = 0; c < 256; ++c) {
    if (c != '\r' && c != '\n') all += static_cast<char>(c);
  }
  EXPECT_EQ(Encode(1, "", all), "id: k3f9a-1\ndata: " + all + "\n\n");
  const std::string separators = "\xE2\x80\xA8\xE2\x80\xA9\xC2\x85\x0B\x0C";
  EXPECT_EQ(Encode(1, "", separators), "id: k3f9a-1\ndata: " + separators + "\n\n");
}

TEST(SseCodecTest, ABrowserReadsWhatWasPublished) {
  const std::string line(1 << 20, 'x');
  for (const std::string& data : {std::string("plain"), std::string("a\nb"), std::string(" a"),
                                  std::string("\xEF\xBB\xBF"
                                              "bom"),
                                  std::string("a\0b", 3), std::string("\n\n"), line}) {
    const std::vector<SseMessage> messages = Parsed("note", data);
    ASSERT_EQ(messages.size(), 1u);
    EXPECT_EQ(messages[0], (SseMessage{"k3f9a-7", "note", data}));
  }
}

TEST(SseCodecTest, DoesNotSendATypeThatWouldBreakTheBlock) {
  // Other programs may write to the log.
  for (const std::string& type : {std::string("a\nb"), std::string("a\r"), std::string("\r\nid: x"),
                                  std::string("a\0b", 3), std::string("\n")}) {
    EXPECT_EQ(Encode(1, type, "x"), "id: k3f9a-1\ndata: x\n\n");
  }
}

TEST(SseCodecTest, KeepsTypesThatMeanSomethingToBrowsers) {
  for (const std::string type : {"error", "open", "message", " ", ":", "data", "caf\xC3\xA9"}) {
    EXPECT_EQ(Encode(1, type, "x"), "id: k3f9a-1\nevent: " + type + "\ndata: x\n\n");
  }
}

TEST(SseCodecTest, WritesTheLargestSequence) {
  EXPECT_EQ(Encode(kMaxSequence, "", ""), "id: k3f9a-18446744073709551615\ndata: \n\n");
  EXPECT_EQ(SseCursorBlock({kEpoch, kMaxSequence}), "id: k3f9a-18446744073709551615\n\n");
}

TEST(SseCodecTest, ACursorBlockFiresNothing) {
  EXPECT_EQ(SseCursorBlock({kEpoch, 9}), "id: k3f9a-9\n\n");
  EXPECT_TRUE(ParseSse(SseCursorBlock({kEpoch, 9})).empty());
}

TEST(SseCodecTest, WritesRetryInMilliseconds) {
  EXPECT_EQ(SseRetryBlock(std::chrono::milliseconds(2137)), "retry: 2137\n\n");
}

TEST(SseCodecTest, ConnectedSaysWhoAndWhetherResumed) {
  EXPECT_EQ(SseConnectedBlock({kEpoch, 1041}, "alice", false),
            "id: k3f9a-1041\nevent: connected\n"
            "data: {\"status\":\"connected\",\"userId\":\"alice\",\"resumed\":false}\n\n");
  EXPECT_EQ(SseConnectedBlock({kEpoch, 0}, "alice", true),
            "id: k3f9a-0\nevent: connected\n"
            "data: {\"status\":\"connected\",\"userId\":\"alice\",\"resumed\":true}\n\n");
}

TEST(SseCodecTest, ConnectedEscapesTheUserForJson) {
  const std::string block = SseConnectedBlock({kEpoch, 0}, "a\"b\\c\n\xE2\x80\xA8\xC3\xA9", false);
  EXPECT_NE(block.find("\"userId\":\"a\\\"b\\\\c\\n\\u2028\xC3\xA9\","), std::string::npos)
      << block;
}

TEST(SseCodecTest, GapSaysReasonRequestedAndWhereItGoesOn) {
  EXPECT_EQ(
      SseGapBlock(GapReason::kExpired, "k3f9a-7", {kEpoch, 1041}),
      "id: k3f9a-1041\nevent: gap\n"
      "data: {\"reason\":\"expired\",\"requested\":\"k3f9a-7\",\"resumeAt\":\"k3f9a-1041\"}\n\n");
}

TEST(SseCodecTest, GapRepeatsOnlyHarmlessCharactersOfTheRequest) {
  const std::pair<std::string, std::string> rows[] = {
      {"", ""},
      {"AZaz09-_.", "AZaz09-_."},
      {"\"}\n\nevent: x", "????event??x"},
      {std::string("\0\r\\<", 4), "????"},
      {"\xC3\xA9", "??"},
      {std::string(10'000, '7'), std::string(64, '7')},
  };
  for (const auto& [requested, repeated] : rows) {
    const std::string block = SseGapBlock(GapReason::kInvalid, requested, {kEpoch, 1});
    EXPECT_NE(block.find("\"requested\":\"" + repeated + "\","), std::string::npos) << block;
  }
}

TEST(SseCodecTest, EveryGapReasonHasItsName) {
  const std::pair<GapReason, std::string_view> rows[] = {{GapReason::kExpired, "expired"},
                                                         {GapReason::kEpoch, "epoch"},
                                                         {GapReason::kInvalid, "invalid"},
                                                         {GapReason::kOverflow, "overflow"}};
  for (const auto& [reason, name] : rows) EXPECT_EQ(GapReasonName(reason), name);
}

TEST(SseCodecTest, ClosingSaysWhy) {
  EXPECT_EQ(SseClosingBlock(DisconnectReason::kMaxAge),
            "event: closing\ndata: {\"reason\":\"max-age\"}\n\n");
}

}  // namespace
}  // namespace sluice::edge
