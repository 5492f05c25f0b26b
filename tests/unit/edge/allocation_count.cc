#include "tests/unit/edge/allocation_count.h"

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SLUICE_COUNTS_ALLOCATIONS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SLUICE_COUNTS_ALLOCATIONS 0
#endif
#endif
#ifndef SLUICE_COUNTS_ALLOCATIONS
#define SLUICE_COUNTS_ALLOCATIONS 1
#endif

#if SLUICE_COUNTS_ALLOCATIONS

namespace {

// Plain numbers of the executable itself: reading them allocates nothing.
thread_local uint64_t allocations = 0;

}  // namespace

// glibc's own functions, behind the ones that this binary replaces. operator new calls malloc.
extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* memory, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

void* malloc(size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}
void* realloc(void* memory, size_t size) {
  ++allocations;
  return __libc_realloc(memory, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}
}

namespace sluice {

uint64_t AllocationsOfThisThread() { return allocations; }
bool AllocationsAreCounted() { return true; }

}  // namespace sluice

#else

namespace sluice {

uint64_t AllocationsOfThisThread() { return 0; }
bool AllocationsAreCounted() { return false; }

}  // namespace sluice

#endif
