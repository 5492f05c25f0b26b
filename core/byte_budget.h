#pragma once

#include <atomic>
#include <cstdint>

namespace sluice {

// The bytes of what waits for an answer, of all threads of a part, and their limit.
// Thread: any.
class ByteBudget {
 public:
  explicit ByteBudget(uint64_t limit) : limit_(limit) {}

  // False, and nothing is taken, if the limit would be passed; but what is larger than the limit
  // may go alone.
  [[nodiscard]] bool Take(uint64_t bytes) {
    const uint64_t used = used_.fetch_add(bytes, std::memory_order_relaxed);
    if (used == 0 || used + bytes <= limit_) return true;
    Release(bytes);
    return false;
  }
  void Release(uint64_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  uint64_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  const uint64_t limit_;
  std::atomic<uint64_t> used_{0};
};

}  // namespace sluice
