#include "edge/websocket/websocket_session.h"

#include <cerrno>
#include <utility>

#include "edge/engine/shard.h"

namespace sluice::edge {
namespace {

constexpr size_t kMaxUnread = 256u << 10;

}  // namespace

WebSocketSession::WebSocketSession(Shard* shard, StreamSocket socket, Protocol protocol,
                                   WireFormat format, WebSocketReader reader, bool has_prefixes)
    : Session(shard, std::move(socket), protocol, format, has_prefixes),
      reader_(std::move(reader)),
      second_began_(shard->wheel().now()) {}

void WebSocketSession::OnReadable() {
  while (!has_ended()) {
    const auto buffer = shard().buffer();
    const ssize_t n = socket().Receive(buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
      return End(n == 0 || errno == ECONNRESET ? DisconnectReason::kClient
                                               : DisconnectReason::kNetwork);
    }
    // Once it is closing, only the end of the connection matters.
    if (!is_closing()) Take(buffer.first(static_cast<size_t>(n)));
  }
}

void WebSocketSession::Take(std::span<char> octets) {
  const auto error =
      reader_.Feed(&octets, [this](const WebSocketMessage& message) { return OnMessage(message); });
  if (error && !is_closing()) Fail(*error);
  SendAnswers();
}

void WebSocketSession::OnLateAnswers() { SendAnswers(); }

void WebSocketSession::SendAnswers() {
  if (has_ended()) return;
  if (RestBytes() > MaxUnreadBytes()) return End(DisconnectReason::kSlow);
  if (!is_closing()) WriteUnlessBlocked();
}

bool WebSocketSession::OnMessage(const WebSocketMessage& message) {
  if (!MayTalk()) {
    Fail({WebSocketCloseCode::kPolicyViolation, "too many messages"});
    return false;
  }
  switch (message.opcode) {
    case WebSocketOpcode::kText:
      OnText(message.data);
      break;
    case WebSocketOpcode::kBinary:
      OnBinary(message.data);
      break;
    case WebSocketOpcode::kPing:
      Say(WebSocketFrame(WebSocketOpcode::kPong, message.data));
      break;
    case WebSocketOpcode::kClose: {
      const auto code = static_cast<WebSocketCloseCode>(
          message.close_code.value_or(static_cast<uint16_t>(WebSocketCloseCode::kNormal)));
      CloseWith(DisconnectReason::kClient, WebSocketCloseFrame(code, ""));
      break;
    }
    case WebSocketOpcode::kPong:
    case WebSocketOpcode::kContinuation:
      break;
  }
  return !is_closing() && !has_ended();
}

void WebSocketSession::OnBinary(std::string_view) {
  Fail({WebSocketCloseCode::kUnsupportedData, "only text is spoken"});
}

size_t WebSocketSession::MaxUnreadBytes() const { return kMaxUnread; }

void WebSocketSession::SayText(std::string_view text) {
  Say(WebSocketFrame(WebSocketOpcode::kText, text));
}

void WebSocketSession::Fail(const WebSocketError& error) {
  CloseWith(DisconnectReason::kProtocol, WebSocketCloseFrame(error.code, error.why));
}

bool WebSocketSession::MayTalk() {
  const Tick now = shard().wheel().now();
  if (now - second_began_ >= TimerWheel::Ticks(std::chrono::seconds(1))) {
    second_began_ = now;
    messages_ = 0;
  }
  return ++messages_ <= shard().options().max_messages_per_second;
}

}  // namespace sluice::edge
