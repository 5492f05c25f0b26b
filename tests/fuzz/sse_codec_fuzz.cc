// One event in is one event out: parse(serialize(x)) is x, with every line end become LF, and
// without a type that would break the block. The first octet is the length of the type.
#include "edge/sse/sse_codec.h"

#include <algorithm>
#include <string>

#include "core/check.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/sse_parser.h"

namespace {

std::string WithLineFeeds(std::string_view data) {
  std::string lines;
  for (size_t i = 0; i < data.size(); ++i) {
    if (data[i] == '\r' && i + 1 < data.size() && data[i + 1] == '\n') continue;
    lines += data[i] == '\r' ? '\n' : data[i];
  }
  return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string_view text = sluice::AsText(data, size);
  const size_t type_bytes = std::min<size_t>(data[0] % (sluice::kMaxEventTypeBytes + 1), size - 1);
  const std::string_view type = text.substr(1, type_bytes);
  const std::string_view body = text.substr(1 + type_bytes);
  const uint64_t sequence = uint64_t{size} * 0x9E3779B97F4A7C15u;

  const sluice::Event event(sequence, sluice::ChannelView::User("a"), type, body, {});
  std::string block;
  sluice::edge::EncodeSseEvent(*sluice::Epoch::Parse("e1"), event, [&block](size_t octets) {
    block.resize(octets);
    return block.data();
  });
  const auto messages = sluice::ParseSse(block);
  const bool breaks = type.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
  SLUICE_CHECK(messages.size() == 1);
  SLUICE_CHECK(messages[0].last_event_id == "e1-" + std::to_string(sequence));
  SLUICE_CHECK(messages[0].type == (type.empty() || breaks ? "message" : type));
  SLUICE_CHECK(messages[0].data == WithLineFeeds(body));

  // What a client presents is repeated without breaking anything either.
  const auto gap = sluice::ParseSse(sluice::edge::SseGapBlock(
      sluice::edge::GapReason::kInvalid, text, {*sluice::Epoch::Parse("e1"), 1}));
  SLUICE_CHECK(gap.size() == 1 && gap[0].type == "gap" && gap[0].last_event_id == "e1-1");
  const auto connected = sluice::ParseSse(
      sluice::edge::SseConnectedBlock({*sluice::Epoch::Parse("e1"), 1}, text, false));
  SLUICE_CHECK(connected.size() == 1 && connected[0].type == "connected");
  return 0;
}
