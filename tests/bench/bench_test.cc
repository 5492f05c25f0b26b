#include <cstdio>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/bench/delivery_check.h"
#include "tests/bench/floor_frame.h"
#include "tests/bench/log_histogram.h"
#include "tests/bench/payload.h"
#include "tests/bench/sockjs_frame.h"
#include "tests/bench/sockjs_stream.h"
#include "tests/bench/sse_stream.h"
#include "tests/bench/websocket_stream.h"

namespace sluice::bench {
namespace {

TEST(LogHistogramTest, KeepsSmallValuesExactlyAndLargeOnesWithinTwoPercent) {
  for (const int64_t value : {0, 1, 127, 128, 1'000, 123'456, 987'654'321}) {
    LogHistogram histogram;
    histogram.Record(value);
    histogram.Record(2 * value + 1'000);  // so that the maximum does not hide the bucket's edge
    const auto found = static_cast<double>(histogram.Quantile(0.5));
    EXPECT_GE(found, static_cast<double>(value));
    EXPECT_LE(found, static_cast<double>(value) * 1.02);
  }
}

TEST(LogHistogramTest, QuantilesOfAUniformRangeAreWhereTheyBelong) {
  LogHistogram histogram;
  for (int64_t value = 1; value <= 10'000; ++value) histogram.Record(value * 1'000);
  EXPECT_NEAR(static_cast<double>(histogram.Quantile(0.5)), 5e6, 1e5);
  EXPECT_NEAR(static_cast<double>(histogram.Quantile(0.99)), 9.9e6, 2e5);
  EXPECT_EQ(histogram.Quantile(1.0), 10'000'000);
}

TEST(PayloadTest, HasTheSizeAskedForAndReadsBack) {
  const Payload written = {.planned_ns = 1'234'567'890'123, .target = "u17"};
  const std::string data = written.Write(200);
  EXPECT_EQ(data.size(), 200u);
  Payload read;
  ASSERT_TRUE(Payload::Read(data, &read));
  EXPECT_EQ(read.planned_ns, written.planned_ns);
  EXPECT_EQ(read.target, "u17");
}

TEST(PayloadTest, RefusesForeignData) {
  Payload read;
  EXPECT_FALSE(Payload::Read("", &read));
  EXPECT_FALSE(Payload::Read(R"({"orderId":7})", &read));
}

constexpr std::string_view kStream =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
    "retry: 2000\n\n"
    "id: e-1\nevent: connected\ndata: {}\n\n"
    "id: e-2\nevent: bench\ndata: one\n\n"
    "id: e-2\n\n"
    "id: e-3\ndata: two\n\n";

TEST(SseStreamTest, FindsTheSameBlocksWhereverTheReadsAreCut) {
  for (size_t cut = 0; cut <= kStream.size(); ++cut) {
    SseStream stream;
    std::vector<std::string> blocks;
    const auto take = [&](const StreamBlock& block) {
      blocks.push_back(std::string(block.id) + "|" + std::string(block.event) + "|" +
                       std::string(block.data));
      return true;
    };
    EXPECT_EQ(stream.Feed(kStream.substr(0, cut), take), cut);
    EXPECT_EQ(stream.Feed(kStream.substr(cut), take), kStream.size() - cut);
    EXPECT_EQ(stream.status(), 200);
    EXPECT_THAT(blocks, testing::ElementsAre("||", "e-1|connected|{}", "e-2|bench|one", "e-2||",
                                             "e-3||two"));
  }
}

TEST(SseStreamTest, StopsWhereTheCallerWantsTo) {
  for (size_t cut = 0; cut < 60; ++cut) {
    SseStream stream;
    const auto until_connected = [](const StreamBlock& block) {
      return block.event != "connected";
    };
    stream.Feed(kStream.substr(0, cut), until_connected);
    const size_t taken = stream.Feed(kStream.substr(cut), until_connected);
    EXPECT_TRUE(kStream.substr(cut + taken).starts_with("id: e-2\nevent: bench"));
  }
}

TEST(SseStreamTest, IsBrokenByARefusal) {
  SseStream stream;
  stream.Feed("HTTP/1.1 503 Service Unavailable\r\n\r\n", [](const StreamBlock&) { return true; });
  EXPECT_EQ(stream.state(), SseStream::State::kBroken);
}

std::string ServerText(std::string_view text) {
  std::string frame = {'\x81', 126, static_cast<char>(text.size() >> 8),
                       static_cast<char>(text.size() & 0xff)};
  return frame.append(text);
}

// "id|event|data" of each block, whatever the sizes of the reads; replies are added to `said`.
std::vector<std::string> Blocks(ClientStream* stream, std::string_view octets, size_t step,
                                std::string* said) {
  std::vector<std::string> blocks;
  while (!octets.empty()) {
    const auto piece = octets.substr(0, step);
    octets.remove_prefix(piece.size());
    stream->Feed(piece, [&](const StreamBlock& block) {
      blocks.push_back(std::string(block.id) + "|" + std::string(block.event) + "|" +
                       std::string(block.data));
      return true;
    });
    *said += stream->TakeReply();
  }
  return blocks;
}

TEST(WebSocketStreamTest, ReadsTheJsonProtocol) {
  const std::string connected = R"({"type":"connected","id":"e-1","userId":"u0","resumed":true})";
  const std::string octets =
      "HTTP/1.1 101 Switching Protocols\r\n\r\n" + ServerText(connected) +
      ServerText(R"({"type":"event","id":"e-2","channel":"user","event":"x","data":"{\"n\":1}"})") +
      ServerText(R"({"type":"cursor","id":"e-3"})") + std::string("\x88\x00", 2);
  for (const size_t step : {size_t{1}, size_t{7}, octets.size()}) {
    JsonStream stream;
    std::string said;
    EXPECT_THAT(Blocks(&stream, octets, step, &said),
                testing::ElementsAre("e-1|connected|" + connected, R"(e-2|x|{"n":1})", "e-3||"));
    EXPECT_EQ(said, "");
    EXPECT_EQ(stream.state(), ClientStream::State::kBody);
  }
}

TEST(WebSocketStreamTest, ReadsStompOnceForAllSubscriptions) {
  const std::string nul(1, '\0');
  const auto gap = [&nul](const std::string& subscription) {
    return ServerText("MESSAGE\nsubscription:" + subscription + "\nmessage-id:e-9\ntype:gap\n\n{}" +
                      nul);
  };
  const std::string octets =
      "HTTP/1.1 101 Switching Protocols\r\n\r\n" +
      ServerText("CONNECTED\nversion:1.2\nuser-name:u0\nlast-event-id:e-5\n\n" + nul) +
      ServerText("RECEIPT\nreceipt-id:ready\n\n" + nul) + gap("0") + gap("1") + ServerText("\n") +
      ServerText("MESSAGE\nsubscription:0\nmessage-id:e-10\ntype:x\n\ndata" + nul) + gap("0") +
      ServerText("ERROR\nmessage:drain\n\n" + nul);
  for (const size_t step : {size_t{1}, size_t{7}, octets.size()}) {
    StompStream stream({.topics = {"t1"}, .cursor = "e-3"});
    std::string said;
    EXPECT_THAT(
        Blocks(&stream, octets, step, &said),
        testing::ElementsAre(R"(e-3|connected|{"userId":"u0","resumed":true})", "e-9|gap|{}",
                             "e-10|x|data", "e-9|gap|{}", R"(|closing|{"reason":"drain"})"));
    EXPECT_NE(said.find("destination:/topic/t1\nlast-event-id:e-3\n"), std::string::npos);
  }
}

TEST(WebSocketStreamTest, IsBrokenByBinary) {
  JsonStream stream;
  std::string said;
  Blocks(&stream, std::string("HTTP/1.1 101 x\r\n\r\n") + "\x82\x01x", 1, &said);
  EXPECT_EQ(stream.state(), ClientStream::State::kBroken);
}

TEST(SockJsFrameTest, ReadsEachKind) {
  EXPECT_EQ(SockJsFrame::Read("o")->kind, SockJsFrame::Kind::kOpen);
  EXPECT_EQ(SockJsFrame::Read("h")->kind, SockJsFrame::Kind::kHeartbeat);
  EXPECT_EQ(SockJsFrame::Read(R"(c[1002,"Connection interrupted"])")->kind,
            SockJsFrame::Kind::kClose);
  const auto frame = SockJsFrame::Read(R"(a["\"\\\/\n\u0000é","\u200c\ud83d\ude00",""])");
  ASSERT_TRUE(frame);
  EXPECT_THAT(frame->messages, testing::ElementsAre(std::string("\"\\/\n\0é", 7),
                                                    "\xe2\x80\x8c\xf0\x9f\x98\x80", ""));
}

TEST(SockJsFrameTest, RefusesWhatIsNone) {
  for (const char* text : {"", "x", "oo", "a", "a[", "a[]", R"(a["a)", R"(a["a",])", R"(a["a"]x)",
                           R"(a["\x"])", R"(a["\u12"])", R"(a["\ud83d"])", R"(a["\ude00"])"}) {
    EXPECT_FALSE(SockJsFrame::Read(text)) << text;
  }
}

TEST(SockJsFrameTest, WritesWhatAnotherReads) {
  EXPECT_EQ(SockJsBody({std::string("a\n\"\\\0", 5), "é"}), R"(["a\u000a\"\\\u0000","é"])");
  EXPECT_EQ(SockJsFrame::Read("a" + SockJsBody({"\x1f", "b"}))->messages,
            (std::vector<std::string>{"\x1f", "b"}));
}

const std::string kSockJsConnected =
    R"(a["CONNECTED\nversion:1.2\nuser-name:u0\nlast-event-id:e-5\n\n\u0000"])";
// Two messages in a frame.
const std::string kSockJsReady = R"(a["RECEIPT\nreceipt-id:ready\n\n\u0000",)"
                                 R"("MESSAGE\nmessage-id:e-6\ntype:x\n\n{\"n\":1}\u0000"])";
const std::string kSockJsMore = R"(a["MESSAGE\nmessage-id:e-7\n\ndata\u0000"])";
const std::string kSockJsError = R"(a["ERROR\nmessage:drain\n\n\u0000"])";

TEST(SockJsWebSocketStreamTest, ReadsTheMessagesOfItsFrames) {
  const std::string octets = "HTTP/1.1 101 Switching Protocols\r\n\r\n" + ServerText("o") +
                             ServerText(kSockJsConnected) + ServerText(kSockJsReady) +
                             ServerText("h") + ServerText(kSockJsMore) + ServerText(kSockJsError) +
                             ServerText(R"(c[1001,"drain"])") + std::string("\x88\x00", 2);
  for (const size_t step : {size_t{1}, size_t{7}, octets.size()}) {
    SockJsWebSocketStream stream({.topics = {"t1"}});
    std::string said;
    EXPECT_THAT(
        Blocks(&stream, octets, step, &said),
        testing::ElementsAre(R"(e-5|connected|{"userId":"u0","resumed":false})", R"(e-6|x|{"n":1})",
                             "e-7||data", R"(|closing|{"reason":"drain"})"));
    EXPECT_NE(said.find(R"(["CONNECT\u000aaccept-version:1.2\u000a)"), std::string::npos);
    EXPECT_NE(said.find(R"(destination:/topic/t1\u000alast-event-id:e-5\u000a)"),
              std::string::npos);
    EXPECT_EQ(stream.state(), ClientStream::State::kBody);
  }
}

TEST(SockJsWebSocketStreamTest, IsBrokenByMessagesBeforeItIsOpen) {
  SockJsWebSocketStream stream({});
  std::string said;
  Blocks(&stream, "HTTP/1.1 101 x\r\n\r\n" + ServerText(kSockJsMore), 1, &said);
  EXPECT_EQ(stream.state(), ClientStream::State::kBroken);
}

class SockJsXhrStreamTest : public testing::TestWithParam<size_t> {
 protected:
  std::vector<std::string> Feed(const std::string& octets) {
    std::string said;
    std::vector<std::string> blocks = Blocks(&stream_, octets, GetParam(), &said);
    EXPECT_EQ(said, "");
    return blocks;
  }
  static std::string Chunk(const std::string& body) {
    char size[16];
    std::snprintf(size, sizeof size, "%zx\r\n", body.size());
    return size + body + "\r\n";
  }
  // The session is open, and the next response has begun.
  void Open() {
    EXPECT_THAT(Feed("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no\n"), testing::IsEmpty());
    ASSERT_EQ(stream_.state(), ClientStream::State::kOver);
    EXPECT_TRUE(stream_.NextRequest().starts_with("POST /v1/sockjs/0/u0-1/xhr_streaming?user=u0 "));
    EXPECT_TRUE(stream_.TakeSend().ends_with(R"(heart-beat:0,0\u000a\u000a\u0000"])"));
    Feed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
         Chunk(std::string(2048, 'h') + "\n"));
    ASSERT_EQ(stream_.state(), ClientStream::State::kBody);
  }

  SockJsXhrStream stream_{{.topics = {"t1"}, .user = "u0", .session = "u0-1"}, "xhr_streaming"};
};

TEST_P(SockJsXhrStreamTest, ReadsOneResponseAfterTheOther) {
  Open();
  EXPECT_THAT(Feed(Chunk(kSockJsConnected + "\n")), testing::IsEmpty());
  const std::string send = stream_.TakeSend();
  EXPECT_TRUE(send.starts_with("POST /v1/sockjs/0/u0-1/xhr_send?user=u0 HTTP/1.1\r\n")) << send;
  EXPECT_NE(send.find(R"(destination:/topic/t1\u000alast-event-id:e-5\u000a)"), std::string::npos);
  // Chunks that are cut elsewhere than the lines.
  EXPECT_THAT(
      Feed(Chunk(kSockJsReady.substr(0, 20)) + Chunk(kSockJsReady.substr(20) + "\nh") +
           Chunk("\n") + "0\r\n\r\n"),
      testing::ElementsAre(R"(e-5|connected|{"userId":"u0","resumed":false})", R"(e-6|x|{"n":1})"));
  ASSERT_EQ(stream_.state(), ClientStream::State::kOver);
  stream_.NextRequest();
  EXPECT_EQ(stream_.TakeSend(), "");
  EXPECT_THAT(Feed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
                   Chunk(std::string(2048, 'h') + "\n") + Chunk(kSockJsMore + "\n")),
              testing::ElementsAre("e-7||data"));
}

TEST_P(SockJsXhrStreamTest, PollsForAFrameAtATime) {
  SockJsXhrStream stream({.user = "u0", .session = "u0-1"}, "xhr");
  const auto poll = [&stream](const std::string& line) {
    std::string said;
    const std::string head =
        "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(line.size() + 1);
    const auto blocks = Blocks(&stream, head + "\r\n\r\n" + line + "\n", GetParam(), &said);
    EXPECT_EQ(stream.state(), ClientStream::State::kOver);
    EXPECT_TRUE(stream.NextRequest().starts_with("POST /v1/sockjs/0/u0-1/xhr?user=u0 "));
    EXPECT_EQ(said, "");
    return blocks;
  };
  EXPECT_THAT(poll("o"), testing::IsEmpty());
  EXPECT_NE(stream.TakeSend(), "");
  EXPECT_THAT(poll(kSockJsConnected), testing::IsEmpty());
  EXPECT_NE(stream.TakeSend(), "");
  EXPECT_THAT(poll(kSockJsReady), testing::SizeIs(2));
  EXPECT_THAT(poll("h"), testing::IsEmpty());
  EXPECT_THAT(poll(kSockJsMore), testing::ElementsAre("e-7||data"));
}

TEST_P(SockJsXhrStreamTest, IsBrokenBehindTheFrameThatEndsTheSession) {
  Open();
  EXPECT_THAT(Feed(Chunk(kSockJsError + "\n") + Chunk("c[1001,\"drain\"]\n") + "0\r\n\r\n"),
              testing::ElementsAre(R"(|closing|{"reason":"drain"})"));
  EXPECT_EQ(stream_.state(), ClientStream::State::kBroken);
}

TEST_P(SockJsXhrStreamTest, IsBrokenByASecondOpening) {
  Open();
  Feed(Chunk("o\n"));
  EXPECT_EQ(stream_.state(), ClientStream::State::kBroken);
}

TEST_P(SockJsXhrStreamTest, IsBrokenByALineThatIsCut) {
  Open();
  Feed(Chunk("a[\"x") + "0\r\n\r\n");
  EXPECT_EQ(stream_.state(), ClientStream::State::kBroken);
}

TEST_P(SockJsXhrStreamTest, IsBrokenByARefusal) {
  Feed("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\n{}");
  EXPECT_EQ(stream_.state(), ClientStream::State::kBroken);
  EXPECT_EQ(stream_.status(), 503);
}

INSTANTIATE_TEST_SUITE_P(ReadsOf, SockJsXhrStreamTest, testing::Values(1, 7, 100'000));

class DeliveryCheckTest : public testing::Test {
 protected:
  void Take(std::string_view id, std::string_view event, const std::string& target) {
    const std::string data = Payload{.planned_ns = 100, .target = target}.Write(0);
    StreamBlock block;
    block.id = id;
    block.event = event;
    block.data = data;
    block.has_data = true;
    check_.Take(block, "u1", 150, &totals_);
  }

  DeliveryCheck check_;
  DeliveryTotals totals_;
};

TEST_F(DeliveryCheckTest, AcceptsRisingIdsToThisUserAndToTopics) {
  Take("e-4", "connected", "u1");
  Take("e-5", "bench", "u1");
  Take("e-9", "bench", "t1");
  EXPECT_EQ(totals_.events, 2u);
  EXPECT_EQ(check_.id_sum(), 14u);
  EXPECT_EQ(totals_.latency.max(), 50);
  EXPECT_EQ(totals_.out_of_order + totals_.malformed + totals_.misdelivered, 0u);
}

TEST_F(DeliveryCheckTest, CountsADuplicateAndAStepBackAsOutOfOrder) {
  Take("e-5", "bench", "u1");
  Take("e-5", "bench", "u1");
  Take("e-4", "bench", "u1");
  EXPECT_EQ(totals_.out_of_order, 2u);
}

TEST_F(DeliveryCheckTest, CountsAnEventForAnotherUser) {
  Take("e-5", "bench", "u2");
  EXPECT_EQ(totals_.misdelivered, 1u);
}

TEST_F(DeliveryCheckTest, CountsAForeignEpoch) {
  Take("e-5", "bench", "u1");
  Take("f-6", "bench", "u1");
  EXPECT_EQ(totals_.malformed, 1u);
}

TEST(FloorFrameTest, KeepsItsSizeWhileIdAndTimeChange) {
  FloorFrame frame(256);
  EXPECT_EQ(frame.bytes().size(), 256u);
  frame.Set(42, 1'234'567'890'123);
  EXPECT_EQ(frame.bytes().size(), 256u);
  EXPECT_TRUE(frame.bytes().starts_with("id: floor-0000000042\nevent: bench\ndata: {\"t\":"));
  Payload payload;
  ASSERT_TRUE(Payload::Read(frame.bytes().substr(frame.bytes().find('{')), &payload));
  EXPECT_EQ(payload.planned_ns, 1'234'567'890'123);
}

}  // namespace
}  // namespace sluice::bench
