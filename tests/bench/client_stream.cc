#include "tests/bench/client_stream.h"

#include <charconv>

#include "tests/bench/sockjs_stream.h"
#include "tests/bench/sse_stream.h"
#include "tests/bench/websocket_stream.h"

namespace sluice::bench {
namespace {

constexpr std::string_view kStatusLine = "HTTP/1.1 ";
constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::string_view kUpgrade =
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

bool SaysAnything(const StreamBlock& block) {
  return !block.id.empty() || !block.event.empty() || !block.retry.empty() || block.has_data;
}

}  // namespace

size_t ClientStream::Feed(std::string_view bytes, const OnBlock& on_block) {
  std::string joined;
  const size_t held = partial_.size();
  std::string_view rest = bytes;
  if (held > 0) {
    joined.swap(partial_);
    joined.append(bytes);
    rest = joined;
  }
  const size_t total = rest.size();
  if (state_ == State::kHead) rest.remove_prefix(TakeHead(rest));
  while (state_ == State::kBody) {
    StreamBlock block;
    if (!TakeBlock(rest, &block)) break;
    rest.remove_prefix(block.octets);
    if (SaysAnything(block) && !on_block(block)) return total - rest.size() - held;
  }
  partial_.assign(rest);
  return bytes.size();
}

size_t ClientStream::TakeHead(std::string_view bytes) {
  const size_t end = bytes.find(kHeadEnd);
  if (end == std::string_view::npos) return 0;
  const std::string_view head = bytes.substr(0, end);
  if (head.starts_with(kStatusLine)) {
    std::from_chars(head.data() + kStatusLine.size(), head.data() + head.size(), status_);
  }
  state_ = status_ == good_status_ ? State::kBody : State::kBroken;
  if (state_ == State::kBody) OnHead(head);
  return end + kHeadEnd.size();
}

void ClientStream::OnHead(std::string_view head) {
  if (head.find("chunked") != std::string_view::npos) Break();
}

std::string ClientStream::NextRequest() {
  state_ = State::kHead;
  status_ = 0;
  partial_.clear();
  return FollowingRequest();
}

std::unique_ptr<ClientStream> OpenStream(Wire wire, StreamStart start) {
  switch (wire) {
    case Wire::kSse:
      return std::make_unique<SseStream>();
    case Wire::kJson:
      return std::make_unique<JsonStream>();
    case Wire::kStomp:
      return std::make_unique<StompStream>(std::move(start));
    case Wire::kSockJs:
      return std::make_unique<SockJsWebSocketStream>(std::move(start));
    case Wire::kSockJsXhrStreaming:
      return std::make_unique<SockJsXhrStream>(std::move(start), "xhr_streaming");
    case Wire::kSockJsXhr:
      return std::make_unique<SockJsXhrStream>(std::move(start), "xhr");
  }
  return nullptr;
}

std::string StreamRequest(Wire wire, const StreamStart& start, std::string_view headers) {
  if (wire == Wire::kSockJsXhrStreaming || wire == Wire::kSockJsXhr) {
    return SockJsPost(start, "xhr", "", headers);
  }
  const bool is_stomp = wire == Wire::kStomp || wire == Wire::kSockJs;
  std::string request = wire == Wire::kSse ? "GET /v1/events" : "GET /v1/ws";
  if (wire == Wire::kSockJs) request = "GET " + SockJsPath(start, "websocket");
  request += "?user=" + start.user;
  if (!is_stomp) {
    for (const std::string& topic : start.topics) request += "&topic=" + topic;
  }
  request += " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
  if (wire != Wire::kSse) request += kUpgrade;
  if (wire == Wire::kStomp) request += "Sec-WebSocket-Protocol: v12.stomp\r\n";
  if (!is_stomp && !start.cursor.empty()) request += "Last-Event-ID: " + start.cursor + "\r\n";
  return request.append(headers).append("\r\n");
}

}  // namespace sluice::bench
