#pragma once

#include <cstdio>
#include <cstdlib>

// Ends the process with one line on stderr when an invariant of ours is broken. Never for input
// from outside: that is an absl::Status. Thread: any.
#define SLUICE_CHECK(condition)                                                              \
  do {                                                                                       \
    if (!(condition)) [[unlikely]] {                                                         \
      std::fprintf(stderr, "%s:%d: invariant broken: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                          \
    }                                                                                        \
  } while (false)

#ifdef NDEBUG
#define SLUICE_DCHECK(condition) static_cast<void>(sizeof(!(condition)))
#else
#define SLUICE_DCHECK(condition) SLUICE_CHECK(condition)
#endif
