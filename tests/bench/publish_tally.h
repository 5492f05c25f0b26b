#pragma once

#include <cstdint>
#include <string>

#include "sluice/v1/gateway.pb.h"
#include "tests/bench/json_line.h"
#include "tests/bench/log_histogram.h"
#include "tests/bench/publish_plan.h"

namespace sluice::bench {

// What became of the events of a plan: how many were stored, under which ids, and how many octets
// they are on an SSE wire, so that the driver can demand exactly these of the generator.
// Thread: one.
class PublishTally {
 public:
  explicit PublishTally(const PlanOptions& plan) : plan_(plan) {}

  // One event was stored and answered at `now_ns`.
  void Stored(const sluice::v1::PublishResponse& response, int64_t planned_ns, int64_t now_ns);
  void Failed(uint64_t events, const std::string& message);

  uint64_t answered() const { return stored_ + failed_; }
  void AddTo(JsonLine& line) const;

 private:
  const PlanOptions plan_;
  uint64_t stored_ = 0;
  uint64_t failed_ = 0;
  uint64_t sse_bytes_ = 0;
  uint64_t id_sum_ = 0;  // of the sequences, modulo 2^64
  std::string last_id_;  // the greatest
  uint64_t last_sequence_ = 0;
  std::string first_error_;
  LogHistogram answer_times_;  // from the planned time
};

}  // namespace sluice::bench
