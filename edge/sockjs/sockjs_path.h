#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::edge {

inline constexpr std::string_view kSockJsPath = "/v1/sockjs";

enum class SockJsEndpoint : uint8_t {
  kGreeting,
  kInfo,
  kIframe,
  kClient,        // the script that the iframe and pages load
  kRawWebSocket,  // STOMP over WebSocket without the framing of SockJS
  kWebSocket,
  kXhr,
  kXhrStreaming,
  kXhrSend,
  kEventSource,
};

// What of SockJS a path names. Source: sockjs-protocol 0.3.3, "Base URL" and "Session URLs".
// Thread: any.
struct SockJsTarget {
  SockJsEndpoint endpoint;
  std::string session;  // 1 to 64 octets without '.' and '/'; empty where there is none

  // nullopt: nothing of SockJS.
  static std::optional<SockJsTarget> Parse(std::string_view path);
  // With which it is asked for, beside OPTIONS.
  std::string_view method() const;
  bool is_websocket() const;
};

}  // namespace sluice::edge
