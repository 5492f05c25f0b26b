#include "tests/bench/sse_stream.h"

namespace sluice::bench {
namespace {

constexpr std::string_view kBlockEnd = "\n\n";

// The value of an SSE line "name: value", with the one optional space removed.
std::string_view ValueOf(std::string_view line, size_t colon) {
  line.remove_prefix(colon + 1);
  if (line.starts_with(' ')) line.remove_prefix(1);
  return line;
}

}  // namespace

bool SseStream::TakeBlock(std::string_view bytes, StreamBlock* block) {
  const size_t block_end = bytes.find(kBlockEnd);
  if (block_end == std::string_view::npos) return false;
  std::string_view text = bytes.substr(0, block_end);
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view name = line.substr(0, colon);
    if (name == "id") {
      block->id = ValueOf(line, colon);
    } else if (name == "event") {
      block->event = ValueOf(line, colon);
    } else if (name == "retry") {
      block->retry = ValueOf(line, colon);
    } else if (name == "data") {
      block->data = ValueOf(line, colon);
      block->has_data = true;
    }
  }
  block->octets = block_end + kBlockEnd.size();
  return true;
}

}  // namespace sluice::bench
