#pragma once

#include <cstdint>

namespace sluice {

// How often the calling thread has asked the C library for memory since it began, by whatever
// means. Counted by the malloc of this test binary. Thread: any.
uint64_t AllocationsOfThisThread();

// False where a sanitizer owns malloc, so that nothing is counted.
bool AllocationsAreCounted();

}  // namespace sluice
