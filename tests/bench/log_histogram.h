#pragma once

#include <cstdint>
#include <vector>

namespace sluice::bench {

// Counts durations in nanoseconds in buckets whose width grows with the value, as HdrHistogram
// does: exact below 128 ns, at most 1/64 (1.6 %) wide above, up to 2^40 ns (18 minutes; longer ones
// land in the last bucket). Thread: one.
class LogHistogram {
 public:
  LogHistogram();

  // Negative durations (clock noise) count as 0.
  void Record(int64_t nanoseconds);
  void Reset();

  uint64_t count() const { return count_; }
  int64_t max() const { return max_; }
  // The upper edge of the bucket that holds the `quantile` (0..1) of all values; 0 if there are
  // none.
  int64_t Quantile(double quantile) const;

 private:
  std::vector<uint64_t> buckets_;
  uint64_t count_ = 0;
  int64_t max_ = 0;
};

}  // namespace sluice::bench
