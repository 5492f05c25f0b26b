#include "edge/websocket/frame_codec.h"

#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/websocket_client_frame.h"

namespace sluice::edge {
namespace {

constexpr auto kText = static_cast<uint8_t>(WebSocketOpcode::kText);
constexpr auto kBinary = static_cast<uint8_t>(WebSocketOpcode::kBinary);
constexpr uint8_t kContinuation = 0;
constexpr uint8_t kClose = 8;
constexpr uint8_t kPing = 9;
constexpr uint8_t kPong = 10;
constexpr uint8_t kFinal = 0x80;

// What a reader makes of octets: the messages as "opcode:data", then "!code" if there was an error.
struct Heard {
  std::vector<std::string> messages;
  uint16_t error = 0;
};

Heard Hear(std::string octets, size_t step, WebSocketReader::Limits limits = {}) {
  WebSocketReader reader(limits);
  Heard heard;
  for (size_t begin = 0; begin < octets.size() && heard.error == 0; begin += step) {
    const size_t size = std::min(step, octets.size() - begin);
    std::span<char> piece(octets.data() + begin, size);
    const auto error = reader.Feed(&piece, [&](const WebSocketMessage& m) {
      std::string text = std::to_string(static_cast<int>(m.opcode)) + ':';
      if (m.close_code) text += std::to_string(*m.close_code) + ' ';
      heard.messages.push_back(text.append(m.data));
      return true;
    });
    if (error) heard.error = static_cast<uint16_t>(error->code);
  }
  return heard;
}

// The same however the octets are cut.
Heard HearAnyhow(const std::string& octets, WebSocketReader::Limits limits = {}) {
  const Heard whole = Hear(octets, octets.size() + 1, limits);
  for (size_t step : {1u, 2u, 3u, 7u, 64u}) {
    const Heard pieces = Hear(octets, step, limits);
    EXPECT_EQ(pieces.messages, whole.messages) << step;
    EXPECT_EQ(pieces.error, whole.error) << step;
  }
  return whole;
}

std::string CloseBody(int code, const std::string& reason = "") {
  return std::string{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)} + reason;
}

TEST(WebSocketReaderTest, ReadsMessagesOfEveryLength) {
  for (size_t length : {0u, 1u, 2u, 7u, 125u, 126u, 127u, 128u, 65'535u, 65'536u, 100'000u}) {
    std::string data(length, 'x');
    for (size_t i = 0; i < length; ++i) data[i] = static_cast<char>('a' + i % 26);
    const Heard heard =
        HearAnyhow(ClientFrame(kFinal | kText, data) + ClientFrame(kFinal | kBinary, data),
                   {.message_bytes = 200'000});
    EXPECT_EQ(heard.error, 0) << length;
    EXPECT_EQ(heard.messages, (std::vector<std::string>{"1:" + data, "2:" + data})) << length;
  }
}

TEST(WebSocketReaderTest, JoinsFragmentsAndLetsControlFramesThrough) {
  const Heard heard =
      HearAnyhow(ClientFrame(kText, "on") + ClientFrame(kFinal | kPing, "p1") +
                 ClientFrame(kContinuation, "") + ClientFrame(kContinuation, "e t") +
                 ClientFrame(kFinal | kPong, "") + ClientFrame(kFinal | kContinuation, "wo") +
                 ClientFrame(kFinal | kText, "next"));
  EXPECT_EQ(heard.error, 0);
  EXPECT_EQ(heard.messages, (std::vector<std::string>{"9:p1", "10:", "1:one two", "1:next"}));
}

TEST(WebSocketReaderTest, StopsWhenItIsToldTo) {
  std::string octets = ClientFrame(kFinal | kText, "a") + ClientFrame(kFinal | kText, "b");
  WebSocketReader reader({});
  int count = 0;
  std::span<char> left(octets.data(), octets.size());
  EXPECT_FALSE(reader.Feed(&left, [&](const auto&) {
    ++count;
    return false;
  }));
  EXPECT_EQ(count, 1);
  EXPECT_EQ(left.size(), octets.size() / 2);
}

TEST(WebSocketReaderTest, RefusesWhatNoClientMaySend) {
  std::string unmasked = WebSocketFrame(WebSocketOpcode::kText, "x");
  EXPECT_EQ(HearAnyhow(unmasked).error, 1002);
  for (const int reserved : {0x40, 0x20, 0x10, 0x70}) {
    EXPECT_EQ(HearAnyhow(ClientFrame(static_cast<uint8_t>(kFinal | kText | reserved), "x")).error,
              1002);
  }
  for (const int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    EXPECT_EQ(HearAnyhow(ClientFrame(static_cast<uint8_t>(kFinal | opcode), "x")).error, 1002)
        << opcode;
  }
  EXPECT_EQ(HearAnyhow(ClientFrame(kPing, "")).error, 1002);  // fragmented
  EXPECT_EQ(HearAnyhow(ClientFrame(kFinal | kPing, std::string(126, 'x'))).error, 1002);
  EXPECT_EQ(HearAnyhow(ClientFrame(kFinal | kContinuation, "x")).error, 1002);
  EXPECT_EQ(HearAnyhow(ClientFrame(kText, "x") + ClientFrame(kFinal | kText, "y")).error, 1002);
}

TEST(WebSocketReaderTest, RefusesLengthsThatAreNotMinimalOrAreImpossible) {
  const std::string mask(4, '\0');
  EXPECT_EQ(HearAnyhow(std::string("\x81\xfe\x00\x7d", 4) + mask).error, 1002);
  EXPECT_EQ(HearAnyhow(std::string("\x81\xff\0\0\0\0\0\0\xff\xff", 10) + mask).error, 1002);
  EXPECT_EQ(HearAnyhow(std::string("\x81\xff\x80\0\0\0\0\0\0\0", 10) + mask).error, 1002);
  EXPECT_EQ(HearAnyhow(std::string("\x81\xff\x40\0\0\0\0\0\0\0", 10) + mask).error, 1009);
}

TEST(WebSocketReaderTest, LimitsMessagesAndFragments) {
  const WebSocketReader::Limits limits{.message_bytes = 10, .fragments = 3};
  EXPECT_EQ(HearAnyhow(ClientFrame(kFinal | kText, std::string(10, 'x')), limits).error, 0);
  EXPECT_EQ(HearAnyhow(ClientFrame(kFinal | kText, std::string(11, 'x')), limits).error, 1009);
  EXPECT_EQ(HearAnyhow(ClientFrame(kText, std::string(6, 'x')) +
                           ClientFrame(kFinal | kContinuation, std::string(5, 'x')),
                       limits)
                .error,
            1009);
  std::string fragments = ClientFrame(kText, "");
  for (int i = 0; i < 3; ++i) fragments += ClientFrame(kContinuation, "");
  EXPECT_EQ(HearAnyhow(fragments, limits).error, 1008);
}

TEST(WebSocketReaderTest, TextIsUtf8AlsoOverFragments) {
  const std::string euro = "\xe2\x82\xac";
  EXPECT_EQ(HearAnyhow(ClientFrame(kText, euro.substr(0, 1)) +
                       ClientFrame(kFinal | kContinuation, euro.substr(1)))
                .messages,
            (std::vector<std::string>{"1:" + euro}));
  for (const char* bad : {"\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80",
                          "\xf8\x88\x80\x80\x80", "\xff", "abcdefgh\xc1\xbf"}) {
    EXPECT_EQ(HearAnyhow(ClientFrame(kFinal | kText, bad)).error, 1007) << bad;
    EXPECT_EQ(HearAnyhow(ClientFrame(kFinal | kBinary, bad)).error, 0) << bad;
  }
}

TEST(WebSocketReaderTest, ReadsCloseCodes) {
  EXPECT_EQ(HearAnyhow(ClientFrame(kFinal | kClose, "")).messages,
            (std::vector<std::string>{"8:"}));
  for (int code : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000,
                   3999, 4000, 4999}) {
    EXPECT_EQ(HearAnyhow(ClientFrame(kFinal | kClose, CloseBody(code, "why"))).messages,
              (std::vector<std::string>{"8:" + std::to_string(code) + " why"}));
  }
  for (int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65'535}) {
    EXPECT_EQ(HearAnyhow(ClientFrame(kFinal | kClose, CloseBody(code))).error, 1002) << code;
  }
  EXPECT_EQ(HearAnyhow(ClientFrame(kFinal | kClose, "x")).error, 1002);
  EXPECT_EQ(HearAnyhow(ClientFrame(kFinal | kClose, CloseBody(1000, "\xff"))).error, 1007);
}

TEST(WebSocketFrameTest, LengthsAreMinimal) {
  EXPECT_EQ(WebSocketFrame(WebSocketOpcode::kText, "ab"),
            "\x81\x02"
            "ab");
  EXPECT_EQ(WebSocketFrame(WebSocketOpcode::kPong, std::string(125, 'x')).substr(0, 2), "\x8a\x7d");
  EXPECT_EQ(WebSocketFrame(WebSocketOpcode::kText, std::string(126, 'x')).substr(0, 4),
            std::string("\x81\x7e\x00\x7e", 4));
  EXPECT_EQ(WebSocketFrame(WebSocketOpcode::kText, std::string(65'536, 'x')).substr(0, 10),
            std::string("\x81\x7f\0\0\0\0\0\x01\0\0", 10));
  for (size_t size : {0u, 125u, 126u, 65'535u, 65'536u}) {
    EXPECT_EQ(WebSocketFrame(WebSocketOpcode::kText, std::string(size, 'x')).size(),
              WebSocketHeaderSize(size) + size);
  }
}

TEST(WebSocketFrameTest, ACloseReasonIsCutToFit) {
  const std::string frame =
      WebSocketCloseFrame(WebSocketCloseCode::kProtocolError, std::string(200, 'x'));
  EXPECT_EQ(frame.size(), 2 + kMaxControlPayload);
  EXPECT_EQ(frame.substr(0, 4), "\x88\x7d\x03\xea");
}

}  // namespace
}  // namespace sluice::edge
