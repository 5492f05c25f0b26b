#include "edge/sockjs/sockjs_pipe.h"

#include <sys/socket.h>

#include <array>

#include "core/check.h"
#include "edge/websocket/frame_codec.h"

namespace sluice::edge {
namespace {

constexpr int kBufferBytes = 32 << 10;  // the kernel doubles it, for its own
constexpr uint8_t kMasked = 0x80;
constexpr std::string_view kNoMask("\0\0\0\0", 4);

struct FrameHead {
  WebSocketOpcode opcode;
  size_t head_bytes;
  size_t payload_bytes;
};

// nullopt: more octets are needed.
std::optional<FrameHead> ReadHead(std::string_view octets) {
  if (octets.size() < 2) return std::nullopt;
  const auto at = [&octets](size_t index) { return static_cast<uint8_t>(octets[index]); };
  FrameHead head{static_cast<WebSocketOpcode>(at(0) & 0xF), 2, at(1)};
  size_t length_bytes = 0;
  if (head.payload_bytes == 126) length_bytes = 2;
  if (head.payload_bytes == 127) length_bytes = 8;
  if (length_bytes == 0) return head;
  head.head_bytes += length_bytes;
  if (octets.size() < head.head_bytes) return std::nullopt;
  head.payload_bytes = 0;
  for (size_t i = 0; i < length_bytes; ++i)
    head.payload_bytes = head.payload_bytes << 8 | at(2 + i);
  return head;
}

}  // namespace

std::optional<SockJsPipe> SockJsPipe::Open() {
  std::array<int, 2> ends{-1, -1};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return std::nullopt;
  }
  for (const int end : ends) {
    SLUICE_CHECK(setsockopt(end, SOL_SOCKET, SO_SNDBUF, &kBufferBytes, sizeof(kBufferBytes)) == 0);
  }
  return SockJsPipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

void AppendClientTextFrame(std::string_view text, std::string* out) {
  std::array<char, kMaxWebSocketHeader> head;
  const char* const end = WriteWebSocketHeader(WebSocketOpcode::kText, text.size(), head.data());
  head[1] = static_cast<char>(static_cast<uint8_t>(head[1]) | kMasked);
  out->append(head.data(), static_cast<size_t>(end - head.data()));
  out->append(kNoMask);
  out->append(text);
}

std::optional<SockJsPipeReader::Close> SockJsPipeReader::Feed(
    std::string_view octets, absl::FunctionRef<void(std::string_view text)> on_text) {
  held_ += octets;
  std::string_view rest = held_;
  if (!has_head_) {
    const size_t end = rest.find("\r\n\r\n");
    if (end == std::string_view::npos) return std::nullopt;
    has_head_ = true;
    rest.remove_prefix(end + 4);
  }
  std::optional<Close> close;
  while (!close) {
    const std::optional<FrameHead> head = ReadHead(rest);
    if (!head || rest.size() - head->head_bytes < head->payload_bytes) break;
    const std::string_view payload = rest.substr(head->head_bytes, head->payload_bytes);
    rest.remove_prefix(head->head_bytes + head->payload_bytes);
    if (head->opcode == WebSocketOpcode::kText) on_text(payload);
    if (head->opcode != WebSocketOpcode::kClose) continue;
    close = Close{static_cast<uint16_t>(WebSocketCloseCode::kNormal), ""};
    if (payload.size() < 2) break;
    close->code = static_cast<uint16_t>(static_cast<uint8_t>(payload[0]) << 8 |
                                        static_cast<uint8_t>(payload[1]));
    close->reason = payload.substr(2);
  }
  held_ = rest.empty() ? std::string() : std::string(rest);
  return close;
}

}  // namespace sluice::edge
