#include "tests/bench/sse_stream.h"

#include <charconv>

namespace sluice::bench {
namespace {

constexpr std::string_view kStatusLine = "HTTP/1.1 ";
constexpr std::string_view kHeadEnd = "\r\n\r\n";

// The value of an SSE line "name: value", with the one optional space removed.
std::string_view ValueOf(std::string_view line, size_t colon) {
  line.remove_prefix(colon + 1);
  if (line.starts_with(' ')) line.remove_prefix(1);
  return line;
}

}  // namespace

size_t SseStream::TakeHead(std::string_view bytes) {
  const size_t end = bytes.find(kHeadEnd);
  if (end == std::string_view::npos) return 0;
  const std::string_view head = bytes.substr(0, end);
  if (head.starts_with(kStatusLine)) {
    std::from_chars(head.data() + kStatusLine.size(), head.data() + head.size(), status_);
  }
  const bool chunked = head.find("chunked") != std::string_view::npos;
  state_ = status_ == 200 && !chunked ? State::kBody : State::kBroken;
  return end + kHeadEnd.size();
}

SseBlock SseStream::ParseBlock(std::string_view text) {
  SseBlock block;
  block.octets = text.size() + 2;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view name = line.substr(0, colon);
    if (name == "id") {
      block.id = ValueOf(line, colon);
    } else if (name == "event") {
      block.event = ValueOf(line, colon);
    } else if (name == "retry") {
      block.retry = ValueOf(line, colon);
    } else if (name == "data") {
      block.data = ValueOf(line, colon);
      block.has_data = true;
    }
  }
  return block;
}

}  // namespace sluice::bench
