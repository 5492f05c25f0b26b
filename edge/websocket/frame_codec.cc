#include "edge/websocket/frame_codec.h"

#include <algorithm>
#include <cstring>

#include "core/utf8.h"

namespace sluice::edge {
namespace {

constexpr uint8_t kFinal = 0x80;
constexpr uint8_t kReserved = 0x70;
constexpr uint8_t kMasked = 0x80;
constexpr uint8_t kLength16 = 126;
constexpr uint8_t kLength64 = 127;
constexpr size_t kMaskBytes = 4;

WebSocketError ProtocolError(std::string_view why) {
  return {WebSocketCloseCode::kProtocolError, why};
}

uint64_t BigEndian(const char* octets, size_t count) {
  uint64_t number = 0;
  for (size_t i = 0; i < count; ++i) number = number << 8 | static_cast<uint8_t>(octets[i]);
  return number;
}

// What a peer may send in a close frame: RFC 6455 section 7.4, and what IANA lists since.
bool MayBeSent(uint16_t code) {
  if (code >= 3000) return code <= 4999;
  return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
}

}  // namespace

size_t WebSocketHeaderSize(size_t payload_bytes) {
  if (payload_bytes < kLength16) return 2;
  return payload_bytes <= 0xffff ? 4 : kMaxWebSocketHeader;
}

char* WriteWebSocketHeader(WebSocketOpcode opcode, size_t payload_bytes, char* out) {
  *out++ = static_cast<char>(kFinal | static_cast<uint8_t>(opcode));
  int length_octets = 0;
  if (payload_bytes < kLength16) {
    *out++ = static_cast<char>(payload_bytes);
  } else if (payload_bytes <= 0xffff) {
    *out++ = kLength16;
    length_octets = 2;
  } else {
    *out++ = kLength64;
    length_octets = 8;
  }
  for (int i = length_octets - 1; i >= 0; --i) {
    *out++ = static_cast<char>(payload_bytes >> (8 * i) & 0xff);
  }
  return out;
}

std::string WebSocketFrame(WebSocketOpcode opcode, std::string_view payload) {
  std::string frame(WebSocketHeaderSize(payload.size()), '\0');
  WriteWebSocketHeader(opcode, payload.size(), frame.data());
  return frame.append(payload);
}

std::string WebSocketCloseFrame(WebSocketCloseCode code, std::string_view reason) {
  const auto number = static_cast<uint16_t>(code);
  std::string payload = {static_cast<char>(number >> 8), static_cast<char>(number & 0xff)};
  payload += reason.substr(0, kMaxControlPayload - payload.size());
  return WebSocketFrame(WebSocketOpcode::kClose, payload);
}

std::optional<WebSocketError> WebSocketReader::Feed(
    std::span<char>* octets, absl::FunctionRef<bool(const WebSocketMessage&)> on_message) {
  bool goes_on = true;
  while (goes_on) {
    if (state_ == State::kHeader) {
      *octets = octets->subspan(TakeHeader(*octets));
      if (header_bytes_ < 2 || header_bytes_ < HeaderSize()) return std::nullopt;
      if (auto error = BeginFrame()) return error;
    }
    const size_t taken = std::min<uint64_t>(left_, octets->size());
    const std::span<char> payload = octets->first(taken);
    *octets = octets->subspan(taken);
    left_ -= taken;
    Unmask(payload);
    const std::string_view text(payload.data(), payload.size());
    const bool is_text = message_opcode_ == static_cast<uint8_t>(WebSocketOpcode::kText);
    if (!is_control() && is_text && !utf8_.Feed(text)) {
      return WebSocketError{WebSocketCloseCode::kInvalidPayload, "the text is not UTF-8"};
    }
    if (left_ > 0) {
      (is_control() ? control_ : partial_) += text;
      return std::nullopt;
    }
    if (auto error = EndFrame(text, on_message, &goes_on)) return error;
    state_ = State::kHeader;
    header_bytes_ = 0;
  }
  return std::nullopt;
}

size_t WebSocketReader::TakeHeader(std::span<const char> octets) {
  size_t taken = 0;
  while (taken < octets.size() && (header_bytes_ < 2 || header_bytes_ < HeaderSize())) {
    header_[header_bytes_++] = octets[taken++];
  }
  return taken;
}

size_t WebSocketReader::HeaderSize() const {
  const auto second = static_cast<uint8_t>(header_[1]);
  const uint8_t length = second & ~kMasked;
  const size_t length_octets = length == kLength16 ? 2 : length == kLength64 ? 8 : 0;
  return 2 + length_octets + ((second & kMasked) != 0 ? kMaskBytes : 0);
}

std::optional<WebSocketError> WebSocketReader::BeginFrame() {
  const auto first = static_cast<uint8_t>(header_[0]);
  const auto second = static_cast<uint8_t>(header_[1]);
  if ((first & kReserved) != 0) return ProtocolError("a reserved bit is set");
  if ((second & kMasked) == 0) return ProtocolError("the frame is not masked");
  is_final_ = (first & kFinal) != 0;
  opcode_ = first & 0x0f;
  const uint8_t length = second & ~kMasked;
  left_ = length;
  if (length == kLength16) {
    left_ = BigEndian(header_ + 2, 2);
    if (left_ < kLength16) return ProtocolError("the length is not minimal");
  } else if (length == kLength64) {
    left_ = BigEndian(header_ + 2, 8);
    if (left_ <= 0xffff || left_ >> 63 != 0) return ProtocolError("the length is not minimal");
  }
  std::memcpy(mask_, header_ + HeaderSize() - kMaskBytes, kMaskBytes);
  mask_index_ = 0;
  if (auto error = CheckOpcode()) return error;
  state_ = State::kPayload;
  return std::nullopt;
}

std::optional<WebSocketError> WebSocketReader::CheckOpcode() {
  if (is_control()) {
    if (opcode_ > static_cast<uint8_t>(WebSocketOpcode::kPong)) {
      return ProtocolError("the opcode is reserved");
    }
    if (!is_final_) return ProtocolError("a control frame is fragmented");
    if (left_ > kMaxControlPayload) return ProtocolError("a control frame is too long");
    return std::nullopt;
  }
  if (opcode_ > static_cast<uint8_t>(WebSocketOpcode::kBinary)) {
    return ProtocolError("the opcode is reserved");
  }
  const bool is_continuation = opcode_ == static_cast<uint8_t>(WebSocketOpcode::kContinuation);
  if (is_continuation != (message_opcode_ != 0)) {
    return ProtocolError(is_continuation ? "a continuation of nothing"
                                         : "a message within a message");
  }
  if (!is_continuation) {
    message_opcode_ = opcode_;
    fragments_ = 0;
    utf8_.Reset();
  }
  if (left_ > limits_.message_bytes || partial_.size() + left_ > limits_.message_bytes) {
    return WebSocketError{WebSocketCloseCode::kMessageTooBig, "the message is too large"};
  }
  if (++fragments_ > limits_.fragments) {
    return WebSocketError{WebSocketCloseCode::kPolicyViolation, "too many fragments"};
  }
  return std::nullopt;
}

void WebSocketReader::Unmask(std::span<char> octets) {
  size_t i = 0;
  for (; i < octets.size() && (mask_index_ & 3) != 0; ++i, ++mask_index_) {
    octets[i] = static_cast<char>(octets[i] ^ static_cast<char>(mask_[mask_index_ & 3]));
  }
  uint64_t mask = 0;
  std::memcpy(&mask, mask_, kMaskBytes);
  std::memcpy(reinterpret_cast<char*>(&mask) + kMaskBytes, mask_, kMaskBytes);
  for (uint64_t eight = 0; i + sizeof(eight) <= octets.size(); i += sizeof(eight)) {
    std::memcpy(&eight, octets.data() + i, sizeof(eight));
    eight ^= mask;
    std::memcpy(octets.data() + i, &eight, sizeof(eight));
  }
  for (; i < octets.size(); ++i, ++mask_index_) {
    octets[i] = static_cast<char>(octets[i] ^ static_cast<char>(mask_[mask_index_ & 3]));
  }
  mask_index_ &= 3;
}

std::optional<WebSocketError> WebSocketReader::EndFrame(
    std::string_view payload, absl::FunctionRef<bool(const WebSocketMessage&)> on_message,
    bool* goes_on) {
  // What came in pieces is taken out first: the call may be the last thing that this one does.
  std::string joined;
  if (is_control()) {
    if (!control_.empty()) {
      joined = std::move(control_).append(payload);
      control_ = std::string();
      payload = joined;
    }
    WebSocketMessage message{.opcode = static_cast<WebSocketOpcode>(opcode_), .data = payload};
    if (message.opcode == WebSocketOpcode::kClose) {
      if (auto error = EndClose(payload, &message)) return error;
    }
    *goes_on = on_message(message);
    return std::nullopt;
  }
  if (!is_final_) {
    partial_ += payload;
    return std::nullopt;
  }
  if (!partial_.empty()) {
    joined = std::move(partial_).append(payload);
    partial_ = std::string();
    payload = joined;
  }
  const auto opcode = static_cast<WebSocketOpcode>(message_opcode_);
  message_opcode_ = 0;
  if (opcode == WebSocketOpcode::kText && !utf8_.is_complete()) {
    return WebSocketError{WebSocketCloseCode::kInvalidPayload, "the text is not UTF-8"};
  }
  *goes_on = on_message({.opcode = opcode, .data = payload});
  return std::nullopt;
}

std::optional<WebSocketError> WebSocketReader::EndClose(std::string_view payload,
                                                        WebSocketMessage* message) const {
  if (payload.empty()) return std::nullopt;
  if (payload.size() == 1) return ProtocolError("half a close code");
  message->close_code = static_cast<uint16_t>(BigEndian(payload.data(), 2));
  message->data = payload.substr(2);
  if (!MayBeSent(*message->close_code)) return ProtocolError("no close code");
  if (!IsValidUtf8(message->data)) {
    return WebSocketError{WebSocketCloseCode::kInvalidPayload, "the close reason is not UTF-8"};
  }
  return std::nullopt;
}

}  // namespace sluice::edge
