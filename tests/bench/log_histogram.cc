#include "tests/bench/log_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace sluice::bench {
namespace {

constexpr int kStepBits = 6;  // 64 buckets per power of two
constexpr int kExactBits = kStepBits + 1;
constexpr int kMaxBits = 40;
constexpr uint64_t kStepsPerPower = 1u << kStepBits;
constexpr uint64_t kBuckets = (kMaxBits - kStepBits + 1) * kStepsPerPower;

// Values below 2^7 are their own bucket; above, the power of two picks the row and the six bits
// after the leading one pick the column.
uint64_t BucketOf(uint64_t value) {
  if (value < (1u << kExactBits)) return value;
  const int power = static_cast<int>(std::bit_width(value)) - 1;
  const int shift = power - kStepBits;
  const uint64_t row = static_cast<uint64_t>(shift + 1);
  return std::min(row * kStepsPerPower + ((value >> shift) - kStepsPerPower), kBuckets - 1);
}

uint64_t UpperEdge(uint64_t bucket) {
  if (bucket < (1u << kExactBits)) return bucket;
  const uint64_t shift = bucket / kStepsPerPower - 1;
  return ((bucket % kStepsPerPower + kStepsPerPower + 1) << shift) - 1;
}

}  // namespace

LogHistogram::LogHistogram() : buckets_(kBuckets) {}

void LogHistogram::Record(int64_t nanoseconds) {
  const int64_t value = std::max<int64_t>(nanoseconds, 0);
  ++buckets_[BucketOf(static_cast<uint64_t>(value))];
  ++count_;
  max_ = std::max(max_, value);
}

void LogHistogram::Reset() {
  std::fill(buckets_.begin(), buckets_.end(), 0);
  count_ = 0;
  max_ = 0;
}

int64_t LogHistogram::Quantile(double quantile) const {
  if (count_ == 0) return 0;
  const auto rank = static_cast<uint64_t>(std::ceil(quantile * static_cast<double>(count_)));
  uint64_t seen = 0;
  for (uint64_t bucket = 0; bucket < kBuckets; ++bucket) {
    seen += buckets_[bucket];
    if (seen >= std::max<uint64_t>(rank, 1)) {
      return std::min(static_cast<int64_t>(UpperEdge(bucket)), max_);
    }
  }
  return max_;
}

}  // namespace sluice::bench
