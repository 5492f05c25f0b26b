#include "tests/bench/delivery_check.h"

#include <charconv>

#include "tests/bench/payload.h"

namespace sluice::bench {

void DeliveryTotals::Reset() {
  events = heartbeats = gaps = closings = out_of_order = malformed = misdelivered = 0;
  latency.Reset();
}

void DeliveryCheck::Take(const StreamBlock& block, std::string_view user, int64_t now_ns,
                         DeliveryTotals* totals) {
  uint64_t sequence = 0;
  if (!TakeId(block.id, &sequence)) {
    ++totals->malformed;
    return;
  }
  // `connected`, heartbeats and `gap` may repeat an id; events may not.
  const bool is_event = block.has_data && block.event != "connected" && block.event != "gap" &&
                        block.event != "closing";
  if (sequence < last_sequence_ || (is_event && sequence == last_sequence_)) {
    ++totals->out_of_order;
  }
  last_sequence_ = sequence;
  if (!is_event) {
    if (!block.has_data) ++totals->heartbeats;
    if (block.event == "gap") ++totals->gaps;
    if (block.event == "closing") ++totals->closings;
    return;
  }
  ++events_;
  id_sum_ += sequence;
  ++totals->events;
  Payload payload;
  if (!Payload::Read(block.data, &payload)) {
    ++totals->malformed;
    return;
  }
  const bool for_all = payload.target.starts_with('t') || payload.target == "*";
  if (!for_all && payload.target != user) ++totals->misdelivered;
  totals->latency.Record(now_ns - payload.planned_ns);
}

void DeliveryCheck::Reset() {
  events_ = 0;
  id_sum_ = 0;
}

bool DeliveryCheck::TakeId(std::string_view id, uint64_t* sequence) {
  const size_t dash = id.rfind('-');
  if (dash == std::string_view::npos || dash == 0) return false;
  const char* end = id.data() + id.size();
  const auto parsed = std::from_chars(id.data() + dash + 1, end, *sequence);
  if (parsed.ec != std::errc() || parsed.ptr != end) return false;
  if (epoch_.empty()) epoch_ = id.substr(0, dash);
  return epoch_ == id.substr(0, dash);
}

}  // namespace sluice::bench
