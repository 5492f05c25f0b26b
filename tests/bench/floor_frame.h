#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::bench {

// One SSE frame of a fixed size, of which only the id and the planned time change, in place: the
// floor does no other work per event. Thread: one.
class FloorFrame {
 public:
  // In `frame_bytes` octets, or as few as it takes if that is less.
  explicit FloorFrame(size_t frame_bytes);

  void Set(uint64_t sequence, int64_t planned_ns);
  std::string_view bytes() const { return bytes_; }

 private:
  std::string bytes_;
  size_t id_end_;
  size_t time_end_;
};

}  // namespace sluice::bench
