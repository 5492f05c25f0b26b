#include "tests/bench/publish_tally.h"

#include <charconv>
#include <string_view>

namespace sluice::bench {
namespace {

// Of the frame "id: ...\nevent: bench\ndata: ...\n\n" apart from the id and the data.
constexpr size_t kFrameBytes = sizeof("id: \nevent: bench\ndata: \n\n") - 1;

uint64_t SequenceOf(std::string_view id) {
  uint64_t sequence = 0;
  const size_t dash = id.rfind('-');
  if (dash == std::string_view::npos) return 0;
  std::from_chars(id.data() + dash + 1, id.data() + id.size(), sequence);
  return sequence;
}

}  // namespace

void PublishTally::Stored(const sluice::v1::PublishResponse& response, int64_t planned_ns,
                          int64_t now_ns) {
  const std::string& id = response.event_id();
  const uint64_t sequence = SequenceOf(id);
  ++stored_;
  id_sum_ += sequence;
  sse_bytes_ += kFrameBytes + id.size() + plan_.data_bytes;
  if (sequence > last_sequence_) {
    last_sequence_ = sequence;
    last_id_ = id;
  }
  answer_times_.Record(now_ns - planned_ns);
}

void PublishTally::Failed(uint64_t events, const std::string& message) {
  if (failed_ == 0) first_error_ = message;
  failed_ += events;
}

void PublishTally::AddTo(JsonLine& line) const {
  line.Add("stored", stored_)
      .Add("failed", failed_)
      .Add("first_error", first_error_)
      .Add("sse_bytes", sse_bytes_)
      .Add("id_sum", id_sum_)
      .Add("last_id", last_id_)
      .Add("answer_p50_ns", answer_times_.Quantile(0.5))
      .Add("answer_p99_ns", answer_times_.Quantile(0.99))
      .Add("answer_max_ns", answer_times_.max());
}

}  // namespace sluice::bench
