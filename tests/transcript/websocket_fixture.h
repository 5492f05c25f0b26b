#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <boost/json.hpp>

#include "tests/transcript/token_fixture.h"
#include "tests/websocket_client_frame.h"

namespace sluice {

// A frame of the server: its first octet and its payload.
struct ServerFrame {
  uint8_t first = 0;
  std::string payload;

  boost::json::value Json() const {
    EXPECT_EQ(first, 0x81) << payload;
    return boost::json::parse(payload);
  }
  // Of a close frame; 0: it is none.
  int CloseCode() const {
    if (first != 0x88 || payload.size() < 2) return 0;
    return static_cast<uint8_t>(payload[0]) << 8 | static_cast<uint8_t>(payload[1]);
  }
};

class WebSocketClient {
 public:
  explicit WebSocketClient(RawClient client) : client_(std::move(client)) {}

  ServerFrame Next() {
    const std::string head = client_.Read(2);
    if (head.size() < 2) return {};
    size_t size = static_cast<uint8_t>(head[1]);
    EXPECT_LT(size, 128u) << "masked";
    if (size >= 126) {
      const std::string length = client_.Read(size == 126 ? 2 : 8);
      size = 0;
      for (const char c : length) size = size << 8 | static_cast<uint8_t>(c);
    }
    return {static_cast<uint8_t>(head[0]), client_.Read(size)};
  }
  boost::json::value NextJson() { return Next().Json(); }
  std::string NextType() { return std::string(NextJson().at("type").as_string()); }
  void Say(std::string_view text) { client_.Send(ClientFrame(0x81, text)); }
  void Send(std::string_view octets) { client_.Send(octets); }
  // The next that is no cursor.
  boost::json::value Ask(std::string_view text) {
    Say(text);
    boost::json::value answer = NextJson();
    while (answer.at("type") == "cursor") answer = NextJson();
    return answer;
  }
  // Reads to the end, after the close frame.
  std::string Rest() { return client_.ReadToEnd(); }
  RawClient& raw() { return client_; }

 private:
  RawClient client_;
};

inline const std::string kUpgrade =
    "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

// An edge on loopback whose callers say who they are, unless a test asks for tokens.
class WebSocketTest : public TokenFixture {
 protected:
  WebSocketTest() {
    make_authenticator_ = [] { return std::make_unique<edge::QueryUserAuthenticator>(true); };
  }

  // One that has the answer to its handshake.
  WebSocketClient Open(const std::string& target, const std::string& headers = "") {
    RawClient client = Get(target, kUpgrade + headers);
    const std::string head = client.ReadThrough("\r\n\r\n");
    EXPECT_TRUE(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n")) << head;
    EXPECT_NE(head.find("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"),
              std::string::npos)
        << head;
    return WebSocketClient(std::move(client));
  }
  // And its `connected`.
  WebSocketClient Connect(const std::string& target = "/v1/ws?user=alice",
                          const std::string& headers = "") {
    WebSocketClient client = Open(target, headers);
    EXPECT_EQ(client.NextType(), "connected");
    return client;
  }
};

}  // namespace sluice
