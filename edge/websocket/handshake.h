#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/event.h"
#include "edge/http/http_error.h"
#include "edge/http/request_head.h"

namespace sluice::edge {

// A request to speak WebSocket that was found good. Source: RFC 6455 section 4.2. Thread: any.
struct WebSocketHandshake {
  std::string accept;          // of Sec-WebSocket-Accept
  std::string subprotocol;     // chosen of those offered; empty: none was offered
  bool is_stomp_path = false;  // STOMP is spoken without a subprotocol too

  bool is_stomp() const { return is_stomp_path || subprotocol.ends_with("stomp"); }
};

struct ParsedWebSocketHandshake {
  WebSocketHandshake handshake;
  std::optional<HttpError> error;  // kUpgradeRequired: with UpgradeRequiredHeaders
};
ParsedWebSocketHandshake ParseWebSocketHandshake(const RequestHead& head);

// What a refusal with 426 says beside.
inline constexpr std::string_view kUpgradeRequiredHeaders =
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";

// The answer that begins the stream.
std::string WebSocketHandshakeAnswer(const WebSocketHandshake& handshake, WallTime date);

}  // namespace sluice::edge
