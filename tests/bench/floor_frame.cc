#include "tests/bench/floor_frame.h"

#include <algorithm>

#include "tests/bench/payload.h"

namespace sluice::bench {
namespace {

constexpr std::string_view kBeforeData = "id: floor-0000000000\nevent: bench\ndata: ";
constexpr std::string_view kEnd = "\n\n";

// Writes decimal digits that end before `end`.
void PutDigits(std::string& text, size_t end, uint64_t value) {
  for (; value > 0; value /= 10) text[--end] = static_cast<char>('0' + value % 10);
}

}  // namespace

FloorFrame::FloorFrame(size_t frame_bytes) {
  const size_t fixed = kBeforeData.size() + kEnd.size();
  const Payload payload = {.planned_ns = 0, .target = "*"};
  bytes_ = kBeforeData;
  bytes_ += payload.Write(frame_bytes - std::min(frame_bytes, fixed));
  bytes_ += kEnd;
  id_end_ = kBeforeData.find('\n');
  time_end_ = bytes_.find(",\"to\"");
}

void FloorFrame::Set(uint64_t sequence, int64_t planned_ns) {
  PutDigits(bytes_, id_end_, sequence);
  PutDigits(bytes_, time_end_, static_cast<uint64_t>(planned_ns));
}

}  // namespace sluice::bench
