#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/bench/client_stream.h"
#include "tests/bench/log_histogram.h"

namespace sluice::bench {

// What a swarm of fully parsed sessions has seen since the last reset. Everything from `gaps` to
// `misdelivered` is zero in a run without losses.
struct DeliveryTotals {
  uint64_t events = 0;
  uint64_t heartbeats = 0;
  uint64_t gaps = 0;          // `gap` events
  uint64_t closings = 0;      // `closing` events
  uint64_t out_of_order = 0;  // ids that did not rise: also every duplicate
  uint64_t malformed = 0;     // no id, an unknown epoch, or data that is not ours
  uint64_t misdelivered = 0;  // addressed to a user that is not this session's
  LogHistogram latency;       // from the planned time in the payload to `now`

  void Reset();
};

// Follows one session: its ids must rise strictly and its events must be addressed to it. Losses
// show by comparing `events()` and `id_sum()` with what was published. Thread: one.
class DeliveryCheck {
 public:
  // Takes one block; bytes, blocks and errors are added to `totals`.
  // `user`: whom events may be addressed to besides a topic ("t...") and anybody ("*").
  void Take(const StreamBlock& block, std::string_view user, int64_t now_ns,
            DeliveryTotals* totals);
  void Reset();

  uint64_t events() const { return events_; }
  uint64_t id_sum() const { return id_sum_; }  // of the sequences of all events, modulo 2^64
  uint64_t last_sequence() const { return last_sequence_; }
  const std::string& epoch() const { return epoch_; }

 private:
  // False if `id` is not `<epoch>-<sequence>` of the epoch that this session began with.
  bool TakeId(std::string_view id, uint64_t* sequence);

  std::string epoch_;
  uint64_t last_sequence_ = 0;
  uint64_t events_ = 0;
  uint64_t id_sum_ = 0;
};

}  // namespace sluice::bench
