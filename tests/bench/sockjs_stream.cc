#include "tests/bench/sockjs_stream.h"

#include <charconv>
#include <optional>

#include "tests/bench/sockjs_frame.h"

namespace sluice::bench {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

}  // namespace

bool SockJsStomp::TakeFrame(std::string_view text) {
  std::optional<SockJsFrame> frame = SockJsFrame::Read(text);
  if (!frame || is_closed_) return false;
  switch (frame->kind) {
    case SockJsFrame::Kind::kOpen:
      return !std::exchange(is_open_, true);  // a second one is of another session
    case SockJsFrame::Kind::kHeartbeat:
      return true;
    case SockJsFrame::Kind::kMessages:
      messages_ = std::move(frame->messages);
      next_ = 0;
      return is_open_;
    case SockJsFrame::Kind::kClose:
      is_closed_ = true;
      return true;
  }
  return false;
}

bool SockJsStomp::TakeMessage(StreamBlock* block) {
  return dialogue_.Take(messages_[next_++], block);
}

std::string SockJsStomp::TakeBody() {
  const std::vector<std::string> frames =
      is_open_ ? dialogue_.TakeFrames() : std::vector<std::string>();
  return frames.empty() ? "" : SockJsBody(frames);
}

bool SockJsWebSocketStream::TakeBlock(std::string_view bytes, StreamBlock* block) {
  if (!stomp_.has_message()) return WebSocketStream::TakeBlock(bytes, block);
  TakeMessage(block);
  return true;
}

void SockJsWebSocketStream::TakeText(std::string_view text, StreamBlock* block) {
  if (!stomp_.TakeFrame(text)) return Break();
  stomp_.has_message() ? TakeMessage(block) : SayBody();
}

void SockJsWebSocketStream::TakeMessage(StreamBlock* block) {
  stomp_.TakeMessage(block) ? SayBody() : Break();
}

void SockJsWebSocketStream::SayBody() {
  const std::string body = stomp_.TakeBody();
  if (!body.empty()) Say(body);
}

void SockJsXhrStream::OnHead(std::string_view head) {
  constexpr std::string_view kLength = "Content-Length: ";
  const size_t length = head.find(kLength);
  is_chunked_ = head.find("chunked") != std::string_view::npos;
  has_body_ = false;
  content_length_ = 0;
  if (is_chunked_) return;
  if (length == std::string_view::npos) return Break();
  std::from_chars(head.data() + length + kLength.size(), head.data() + head.size(),
                  content_length_);
}

bool SockJsXhrStream::TakeBlock(std::string_view bytes, StreamBlock* block) {
  if (stomp_.has_message()) {
    TakeMessage(block);
    return true;
  }
  const size_t end = lines_.find('\n');
  if (end != std::string::npos) {
    TakeLine(std::string_view(lines_).substr(0, end));
    lines_.erase(0, end + 1);
    return true;
  }
  if (has_body_) {
    EndResponse();
    return true;
  }
  block->octets = TakeChunk(bytes);
  return block->octets > 0;
}

size_t SockJsXhrStream::TakeChunk(std::string_view bytes) {
  if (!is_chunked_) {
    if (bytes.size() < content_length_) return 0;
    lines_.assign(bytes.substr(0, content_length_));
    has_body_ = true;
    return content_length_;
  }
  const size_t head = bytes.find(kLineEnd);
  if (head == std::string_view::npos) return 0;
  size_t size = 0;
  const auto parsed = std::from_chars(bytes.data(), bytes.data() + head, size, 16);
  if (parsed.ec != std::errc() || parsed.ptr != bytes.data() + head) Break();
  const size_t total = head + kLineEnd.size() + size + kLineEnd.size();
  if (bytes.size() < total) return 0;
  lines_.append(bytes.substr(head + kLineEnd.size(), size));
  has_body_ = size == 0;
  return total;
}

void SockJsXhrStream::EndResponse() {
  if (lines_.empty() && !stomp_.is_closed()) {
    Finish();
  } else {
    Break();
  }
}

void SockJsXhrStream::TakeLine(std::string_view line) {
  const bool is_prelude = line.size() > 1 && line.find_first_not_of('h') == std::string_view::npos;
  if (!is_prelude && !stomp_.TakeFrame(line)) Break();
}

void SockJsXhrStream::TakeMessage(StreamBlock* block) {
  stomp_.TakeMessage(block) ? SendBody() : Break();
}

void SockJsXhrStream::SendBody() {
  const std::string body = stomp_.TakeBody();
  if (!body.empty()) Send(SockJsPost(start_, "xhr_send", body));
}

std::string SockJsXhrStream::FollowingRequest() {
  SendBody();
  return SockJsPost(start_, transport_, "");
}

std::string SockJsPath(const StreamStart& start, std::string_view transport) {
  return ("/v1/sockjs/0/" + start.session + "/").append(transport);
}

std::string SockJsPost(const StreamStart& start, std::string_view transport, std::string_view body,
                       std::string_view headers) {
  std::string request = "POST " + SockJsPath(start, transport) + "?user=" + start.user;
  request += " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: ";
  request += std::to_string(body.size()) + "\r\n";
  return request.append(headers).append(kLineEnd).append(body);
}

}  // namespace sluice::bench
