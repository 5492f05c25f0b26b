#pragma once

#include <cstddef>
#include <vector>

namespace sluice::edge {

// Memory for the octets of one write, used again for the next. Thread: shard. Owner: Shard.
class Scratch {
 public:
  explicit Scratch(size_t bytes) : memory_(bytes) {}

  // `size` octets directly behind those taken before; null if there is no room.
  char* Take(size_t size) {
    if (size > memory_.size() - used_) return nullptr;
    char* const begin = memory_.data() + used_;
    used_ += size;
    return begin;
  }
  void Clear() { used_ = 0; }

 private:
  std::vector<char> memory_;
  size_t used_ = 0;
};

}  // namespace sluice::edge
