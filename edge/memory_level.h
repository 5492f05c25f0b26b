#pragma once

#include <cstdint>

namespace sluice::edge {

// How near the process is to the memory that it may have.
enum class MemoryLevel : uint8_t {
  kNormal,
  kHigh,      // no session begins: it gets `closing overload`
  kCritical,  // and the slowest readers are ended with each telling
};

}  // namespace sluice::edge
