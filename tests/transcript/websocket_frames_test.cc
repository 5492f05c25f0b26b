// RFC 6455 on the wire of a running edge: sizes, fragments, and how early and how a client is
// failed.
#include <cstdint>
#include <string>
#include <string_view>

#include "tests/transcript/websocket_fixture.h"

namespace sluice {
namespace {

constexpr uint8_t kText = 0x81;
constexpr uint8_t kTextFragment = 0x01;
constexpr uint8_t kFragment = 0x00;
constexpr uint8_t kLastFragment = 0x80;
constexpr uint8_t kClose = 0x88;
constexpr uint8_t kPing = 0x89;
constexpr uint8_t kPong = 0x8a;

// A request that is answered with an error of this `ref`, padded to `size` octets.
std::string Request(int ref, size_t size) {
  std::string text = R"({"type":"unsubscribe","topic":"t","ref":)" + std::to_string(ref) + "}";
  EXPECT_LE(text.size(), size);
  return text + std::string(size - text.size(), ' ');
}

class WebSocketFramesTest : public WebSocketTest {
 protected:
  // What the edge says to the octets before it ends the connection: its close code.
  int CodeFor(const std::string& octets) {
    WebSocketClient client = Connect();
    client.Send(octets);
    const int code = client.Next().CloseCode();
    EXPECT_EQ(client.Rest(), "");
    EXPECT_FALSE(client.raw().was_reset());
    return code;
  }
};

TEST_F(WebSocketFramesTest, TakesEverySizeOnTheEdgesOfTheLengthFieldUpToTheLimit) {
  StartEdge();
  WebSocketClient client = Connect();
  int ref = 0;
  for (const size_t size : {124u, 125u, 126u, 127u, 128u, 65'535u, 65'536u}) {
    const boost::json::value answer = client.Ask(Request(++ref, size));
    EXPECT_EQ(answer.at("ref").as_int64(), ref) << size;
  }
  EXPECT_EQ(CodeFor(ClientFrame(kText, std::string(65'537, ' '))), 1009);
}

TEST_F(WebSocketFramesTest, SendsEverySizeOnTheEdgesOfTheLengthField) {
  StartEdge();
  WebSocketClient client = Connect();
  const size_t around =
      std::string_view(R"({"type":"event","id":"e1-1","channel":"user","event":"note","data":""})")
          .size();
  for (const size_t size : {125u, 126u, 127u, 65'535u, 65'536u, 65'537u}) {
    PublishToUser("alice", std::string(size - around, 'x'));
    const ServerFrame frame = client.Next();
    EXPECT_EQ(frame.payload.size(), size);
    EXPECT_EQ(frame.Json().at("data").as_string().size(), size - around);
  }
}

TEST_F(WebSocketFramesTest, AMessageMayComeOctetByOctetAndInFragmentsWithPingsBetween) {
  StartEdge();
  WebSocketClient client = Connect();
  const std::string text = Request(1, 60);
  std::string octets = ClientFrame(kTextFragment, text.substr(0, 7)) + ClientFrame(kPing, "a") +
                       ClientFrame(kFragment, "") + ClientFrame(kFragment, text.substr(7, 30)) +
                       ClientFrame(kPong, "unasked") + ClientFrame(kPing, std::string(125, 'b'));
  for (const char octet : octets) client.Send(std::string(1, octet));
  for (const std::string& payload : {std::string("a"), std::string(125, 'b')}) {
    const ServerFrame pong = client.Next();  // before the message is whole
    EXPECT_EQ(pong.first, kPong);
    EXPECT_EQ(pong.payload, payload);
  }
  client.Send(ClientFrame(kLastFragment, text.substr(37)) + ClientFrame(kText, Request(2, 60)));
  EXPECT_EQ(client.NextJson().at("ref").as_int64(), 1);
  EXPECT_EQ(client.NextJson().at("ref").as_int64(), 2);
}

// A client is failed by the first octet that is wrong: the rest of these frames never comes.
TEST_F(WebSocketFramesTest, FailsBeforeTheFrameIsWhole) {
  StartEdge();
  const std::string mask(4, '\0');
  const auto begin = [&](uint8_t first, char length, const std::string& payload = "") {
    return std::string{static_cast<char>(first), static_cast<char>(0x80 | length)} + mask + payload;
  };
  EXPECT_EQ(CodeFor(begin(kText, 100, "good so far \xff")), 1007);
  EXPECT_EQ(CodeFor(begin(kText, 100, "\xf4\x90")), 1007);  // above U+10FFFF, whatever follows
  EXPECT_EQ(CodeFor(begin(kText, 100, "\xed\xa0")), 1007);  // a surrogate
  EXPECT_EQ(CodeFor(ClientFrame(kTextFragment, "\xce\xba") + ClientFrame(kFragment, "\xe1") +
                    begin(kFragment, 10, "x")),
            1007);
  EXPECT_EQ(CodeFor(begin(0xc1, 100)), 1002);  // a reserved bit
  EXPECT_EQ(CodeFor(begin(0x83, 100)), 1002);  // reserved opcodes
  EXPECT_EQ(CodeFor(begin(0x8b, 100)), 1002);
  EXPECT_EQ(CodeFor(begin(0x09, 100)), 1002);                           // a ping in fragments
  EXPECT_EQ(CodeFor(std::string("\x89\xfe\x00\x7e", 4) + mask), 1002);  // a long one
  EXPECT_EQ(CodeFor(begin(kLastFragment, 100)), 1002);                  // of nothing
  EXPECT_EQ(CodeFor(ClientFrame(kTextFragment, "x") + begin(kText, 100)), 1002);
  EXPECT_EQ(CodeFor(std::string("\x81\xff\0\0\0\0\0\x01\0\x01", 10) + mask), 1009);
}

TEST_F(WebSocketFramesTest, TextThatEndsWithinACharacterIsNone) {
  StartEdge();
  EXPECT_EQ(CodeFor(ClientFrame(kText, "\xe2\x82")), 1007);
  EXPECT_EQ(CodeFor(ClientFrame(kTextFragment, "\xe2") + ClientFrame(kLastFragment, "\x82")), 1007);
}

TEST_F(WebSocketFramesTest, ACloseIsAnsweredWithItsCodeOrWithWhatIsWrongWithIt) {
  StartEdge();
  const auto closed_with = [this](int code, const std::string& reason = "") {
    return CodeFor(ClientFrame(
        kClose,
        std::string{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)} + reason));
  };
  EXPECT_EQ(CodeFor(ClientFrame(kClose, "")), 1000);
  for (const int code : {1000, 1001, 1011, 3000, 4999}) EXPECT_EQ(closed_with(code), code);
  EXPECT_EQ(closed_with(1000, std::string(123, 'x')), 1000);
  EXPECT_EQ(closed_with(1000, "\xff"), 1007);
  for (const int code : {0, 999, 1004, 1005, 1006, 1015, 2999, 5000}) {
    EXPECT_EQ(closed_with(code), 1002) << code;
  }
  EXPECT_EQ(CodeFor(ClientFrame(kClose, std::string(126, 'x'))), 1002);
  // In the middle of a message too; what follows is not listened to.
  EXPECT_EQ(CodeFor(ClientFrame(kTextFragment, "x") + ClientFrame(kClose, "") +
                    ClientFrame(kPing, "late")),
            1000);
}

}  // namespace
}  // namespace sluice
