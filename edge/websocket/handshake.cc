#include "edge/websocket/handshake.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "edge/http/http_date.h"
#include "edge/websocket/json_codec.h"

namespace sluice::edge {
namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr size_t kKeyOctets = 16;
constexpr size_t kMaxSubprotocols = 16;
constexpr std::array<std::string_view, 4> kSubprotocols = {kJsonSubprotocol, "v12.stomp",
                                                           "v11.stomp", "v10.stomp"};

absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }

// The elements of a comma-separated list, without the blanks around them.
std::vector<std::string> ListOf(std::string_view value) {
  std::vector<std::string> elements =
      absl::StrSplit(ToAbsl(value), absl::MaxSplits(',', kMaxSubprotocols), absl::SkipWhitespace());
  for (std::string& element : elements) absl::StripAsciiWhitespace(&element);
  return elements;
}

bool Lists(const RequestHead& head, std::string_view name, std::string_view token) {
  const std::vector<std::string> elements = ListOf(head.List(name));
  return std::any_of(elements.begin(), elements.end(), [&](const std::string& element) {
    return absl::EqualsIgnoreCase(element, ToAbsl(token));
  });
}

bool IsKey(std::string_view key) {
  std::string octets;
  return key.size() == 24 && absl::Base64Unescape(ToAbsl(key), &octets) &&
         octets.size() == kKeyOctets;
}

std::string AcceptOf(std::string_view key) {
  std::string text(key);
  text += kGuid;
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return absl::Base64Escape(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

HttpError BadRequest(std::string message) {
  return {HttpErrorKind::kBadRequest, std::move(message)};
}

std::optional<HttpError> Check(const RequestHead& head) {
  if (head.http_1_0) return BadRequest("WebSocket needs HTTP/1.1");
  if (!Lists(head, "Upgrade", "websocket") || !Lists(head, "Connection", "upgrade")) {
    return HttpError{HttpErrorKind::kUpgradeRequired, "this path speaks WebSocket"};
  }
  if (head.Repeated("Sec-WebSocket-Version") || head.Value("Sec-WebSocket-Version") != "13") {
    return HttpError{HttpErrorKind::kUpgradeRequired, "only version 13 is spoken"};
  }
  if (head.Repeated("Sec-WebSocket-Key") || !IsKey(head.Value("Sec-WebSocket-Key"))) {
    return BadRequest("Sec-WebSocket-Key is not 16 octets in base64");
  }
  return std::nullopt;
}

}  // namespace

ParsedWebSocketHandshake ParseWebSocketHandshake(const RequestHead& head) {
  ParsedWebSocketHandshake parsed;
  parsed.error = Check(head);
  if (parsed.error) return parsed;
  parsed.handshake.accept = AcceptOf(head.Value("Sec-WebSocket-Key"));
  constexpr std::string_view kOffered = "Sec-WebSocket-Protocol";
  if (head.Find(kOffered) == nullptr) return parsed;
  for (const std::string& name : ListOf(head.List(kOffered))) {
    if (std::find(kSubprotocols.begin(), kSubprotocols.end(), name) == kSubprotocols.end())
      continue;
    parsed.handshake.subprotocol = name;
    return parsed;
  }
  parsed.error = BadRequest("none of the subprotocols is spoken");
  return parsed;
}

std::string WebSocketHandshakeAnswer(const WebSocketHandshake& handshake, WallTime date) {
  std::string answer =
      "HTTP/1.1 101 Switching Protocols\r\nDate: " + HttpDate(date) +
      "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + handshake.accept +
      "\r\n";
  if (!handshake.subprotocol.empty()) {
    answer += "Sec-WebSocket-Protocol: " + handshake.subprotocol + "\r\n";
  }
  return answer + "\r\n";
}

}  // namespace sluice::edge
