#include "edge/sockjs/sockjs_websocket.h"

#include <cerrno>
#include <memory>
#include <span>
#include <utility>

#include "absl/strings/str_cat.h"
#include "edge/engine/shard.h"
#include "edge/sockjs/sockjs_codec.h"

namespace sluice::edge {
namespace {

// What may wait for a client that pings and does not read the answers.
constexpr size_t kMaxUnread = 1u << 20;

// No path can name it, for its dot.
SockJsRequest FirstPoll(Shard* shard, const Identity& identity) {
  return {.kind = SockJsRequest::Kind::kPoll,
          .session = absl::StrCat(".", shard->index(), "-", shard->NextConnectionId()),
          .opener = identity,
          .shard = shard->index()};
}

}  // namespace

void BeginSockJsWebSocket(Shard* shard, StreamSocket socket, const Identity& identity,
                          const WebSocketHandshake& handshake) {
  auto owned = std::make_unique<SockJsWebSocket>(shard, std::move(socket), identity);
  SockJsWebSocket& stream = *owned;
  stream.Begin(std::move(owned), handshake);
}

SockJsWebSocket::SockJsWebSocket(Shard* shard, StreamSocket socket, const Identity& identity)
    : SockJsStream(shard, std::move(socket), FirstPoll(shard, identity)),
      reader_({.message_bytes = shard->options().max_message_bytes}) {}

void SockJsWebSocket::Begin(std::unique_ptr<SockJsStream> self,
                            const WebSocketHandshake& handshake) {
  SockJsStream::Begin(std::move(self));
  Say(WebSocketHandshakeAnswer(handshake, shard_.context().clock->Wall()));
}

void SockJsWebSocket::OnReadable() {
  while (!is_done()) {
    const auto buffer = shard_.buffer();
    const ssize_t n = socket().Receive(buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) return Drop();
    if (is_ending()) continue;
    std::span<char> octets = buffer.first(static_cast<size_t>(n));
    const auto error = reader_.Feed(
        &octets, [this](const WebSocketMessage& message) { return OnMessage(message); });
    if (is_done()) return;
    if (error) {
      Ask(Request(SockJsRequest::Kind::kAbort));
      return EndWith(WebSocketCloseFrame(error->code, error->why));
    }
    if (UnsentBytes() > kMaxUnread) return Drop();
  }
}

bool SockJsWebSocket::OnMessage(const WebSocketMessage& message) {
  switch (message.opcode) {
    case WebSocketOpcode::kText: {
      if (message.data.empty()) break;
      if (!ParseSockJsMessages(message.data).error.empty()) {
        Drop();  // sockjs-protocol: a broken message closes the connection at once
        break;
      }
      SockJsRequest request = Request(SockJsRequest::Kind::kSend);
      request.body = message.data;
      Ask(std::move(request));
      break;
    }
    case WebSocketOpcode::kPing:
      Say(WebSocketFrame(WebSocketOpcode::kPong, message.data));
      break;
    case WebSocketOpcode::kBinary:
      Drop();
      break;
    case WebSocketOpcode::kClose:
      Ask(Request(SockJsRequest::Kind::kAbort));
      EndWith(WebSocketCloseFrame(WebSocketCloseCode::kNormal, ""));
      break;
    case WebSocketOpcode::kPong:
    case WebSocketOpcode::kContinuation:
      break;
  }
  return !is_done() && !is_ending();
}

void SockJsWebSocket::OnReply(SockJsAnswer::Kind kind) {
  if (kind == SockJsAnswer::Kind::kFull) Drop();
}

void SockJsWebSocket::AppendFrame(std::string_view frame, std::string* out) {
  *out += WebSocketFrame(WebSocketOpcode::kText, frame);
}

void SockJsWebSocket::AppendEnd(std::string* out) {
  *out += WebSocketCloseFrame(WebSocketCloseCode::kNormal, "");
}

}  // namespace sluice::edge
