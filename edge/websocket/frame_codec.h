#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "edge/websocket/utf8_validator.h"

namespace sluice::edge {

// The frames of the WebSocket protocol. Pure. Source: RFC 6455 sections 5 and 7.

enum class WebSocketOpcode : uint8_t {
  kContinuation = 0x0,
  kText = 0x1,
  kBinary = 0x2,
  kClose = 0x8,
  kPing = 0x9,
  kPong = 0xa,
};

// Codes of a close frame. 4001 and above are ours; docs/protocol.md says which may resume.
enum class WebSocketCloseCode : uint16_t {
  kNormal = 1000,
  kGoingAway = 1001,
  kProtocolError = 1002,
  kUnsupportedData = 1003,
  kInvalidPayload = 1007,
  kPolicyViolation = 1008,
  kMessageTooBig = 1009,
  kTryAgainLater = 1013,
  kTokenExpired = 4001,
  kTokenRevoked = 4003,
  kTooSlow = 4008,
};

inline constexpr size_t kMaxWebSocketHeader = 10;  // of a frame without a mask
inline constexpr size_t kMaxControlPayload = 125;

// The size of the header of an unmasked frame.
size_t WebSocketHeaderSize(size_t payload_bytes);
// Writes the header of an unmasked frame that is the whole message; returns what is behind it.
char* WriteWebSocketHeader(WebSocketOpcode opcode, size_t payload_bytes, char* out);
// A whole unmasked frame.
std::string WebSocketFrame(WebSocketOpcode opcode, std::string_view payload);
// `reason`: UTF-8; as much of it as fits.
std::string WebSocketCloseFrame(WebSocketCloseCode code, std::string_view reason);

// What a client says, put together from its frames. `data` lives for the length of the call.
struct WebSocketMessage {
  WebSocketOpcode opcode;  // kText, kBinary, kClose, kPing or kPong
  std::string_view data;   // of kClose: its reason
  std::optional<uint16_t> close_code = std::nullopt;
};

// Why a client is not listened to any longer.
struct WebSocketError {
  WebSocketCloseCode code;
  std::string_view why;  // static
};

// Takes the octets of a client apart, whatever the sizes of the reads: unmasks, checks what RFC
// 6455 demands of a client and that text is UTF-8, and joins fragments. Between messages it holds
// no memory. Thread: one.
class WebSocketReader {
 public:
  struct Limits {
    uint32_t message_bytes = 64u << 10;  // beyond: 1009
    uint32_t fragments = 1024;           // of one message; beyond: 1008
  };
  explicit WebSocketReader(Limits limits) : limits_(limits) {}

  // Calls `on_message` for each message that `octets` completes, which is unmasked where it lies;
  // stops when that answers false. Leaves in `octets` what it has not looked at. An error is final:
  // call this no more.
  std::optional<WebSocketError> Feed(std::span<char>* octets,
                                     absl::FunctionRef<bool(const WebSocketMessage&)> on_message);

 private:
  enum class State : uint8_t { kHeader, kPayload };

  // Takes as much of a header as there is; the octets used.
  size_t TakeHeader(std::span<const char> octets);
  // How long the whole header will be, as far as its first octets say.
  size_t HeaderSize() const;
  std::optional<WebSocketError> BeginFrame();
  std::optional<WebSocketError> CheckOpcode();
  void Unmask(std::span<char> octets);
  // The frame is over: `payload` is all of it that is not in partial_.
  std::optional<WebSocketError> EndFrame(
      std::string_view payload, absl::FunctionRef<bool(const WebSocketMessage&)> on_message,
      bool* goes_on);
  std::optional<WebSocketError> EndClose(std::string_view payload, WebSocketMessage* message) const;
  bool is_control() const { return (opcode_ & 0x8) != 0; }

  const Limits limits_;
  State state_ = State::kHeader;
  uint8_t header_bytes_ = 0;  // of header_ that have come
  uint8_t opcode_ = 0;        // of the current frame
  bool is_final_ = false;
  uint8_t message_opcode_ = 0;  // of the message that is being put together; 0: none
  uint8_t mask_[4] = {};
  uint8_t mask_index_ = 0;
  char header_[14] = {};
  uint32_t fragments_ = 0;
  uint64_t left_ = 0;  // of the payload of the current frame
  Utf8Validator utf8_;
  std::string partial_;  // of the message
  std::string control_;  // of a control frame
};

}  // namespace sluice::edge
