#pragma once

#include <cstdint>
#include <functional>

#include "core/event.h"

namespace sluice::app {

// Gives freed memory back to the system once a burst is over. The C library keeps it otherwise, so
// that a process which once held 20,000 waiting calls would look as large ever after. It looks at
// the resident size with each beat, and trims when that is a tenth above what the last trim left
// and has not changed for ten seconds: never while the process grows, and once for a burst. Thread:
// main.
class HeapTrim {
 public:
  struct Parts {
    std::function<uint64_t()> resident_bytes;  // of this process
    std::function<void()> trim;
  };
  // Of this process, by malloc_trim(3).
  HeapTrim();
  explicit HeapTrim(Parts parts) : parts_(std::move(parts)) {}

  void Beat(SteadyTime now);

 private:
  const Parts parts_;
  uint64_t floor_ = 0;  // what the last trim left; 0: not yet known
  uint64_t resident_ = 0;
  SteadyTime unchanged_since_{};
};

}  // namespace sluice::app
