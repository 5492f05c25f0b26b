// Preloaded into a test, holds up its threads at random right after calls by which another thread
// learns something: what one of them does next may be seen late. A test that fails with it, or a
// promise that breaks, depends on who is first. Holds up one call in ten, and one unlock in a
// hundred, for up to 20 ms. Thread: any.
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <string_view>

namespace {

constexpr uint32_t kCallsPerPause = 10;
constexpr uint32_t kUnlocksPerPause = 100;
constexpr uint32_t kLongestPauseNs = 20'000'000;

// Tests alone: not the servers and browsers that they start.
bool IsTest() {
  static const bool is_test = std::string_view(program_invocation_short_name).ends_with("_test");
  return is_test;
}

// xorshift64*, seeded by the clock and the thread.
uint32_t Random() {
  thread_local uint64_t state = 0;
  if (state == 0) {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    state = (static_cast<uint64_t>(now.tv_nsec) << 20 ^ reinterpret_cast<uintptr_t>(&state)) | 1;
  }
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return static_cast<uint32_t>(state * 2685821657736338717u >> 32);
}

void PauseOnceIn(uint32_t calls) {
  if (!IsTest() || Random() % calls != 0) return;
  const int error = errno;
  const timespec pause{.tv_sec = 0, .tv_nsec = static_cast<long>(Random() % kLongestPauseNs)};
  nanosleep(&pause, nullptr);
  errno = error;
}

template <typename Function>
Function* Next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

#define SLUICE_SLOW_CALL(result, name, parameters, arguments, calls_per_pause) \
  extern "C" result name parameters {                                          \
    static const auto next = Next<result parameters>(#name);                   \
    const result value = next arguments;                                       \
    PauseOnceIn(calls_per_pause);                                              \
    return value;                                                              \
  }

SLUICE_SLOW_CALL(ssize_t, write, (int fd, const void* data, size_t size), (fd, data, size),
                 kCallsPerPause)
SLUICE_SLOW_CALL(ssize_t, writev, (int fd, const iovec* parts, int count), (fd, parts, count),
                 kCallsPerPause)
SLUICE_SLOW_CALL(ssize_t, send, (int fd, const void* data, size_t size, int flags),
                 (fd, data, size, flags), kCallsPerPause)
SLUICE_SLOW_CALL(ssize_t, sendmsg, (int fd, const msghdr* message, int flags), (fd, message, flags),
                 kCallsPerPause)
SLUICE_SLOW_CALL(ssize_t, read, (int fd, void* data, size_t size), (fd, data, size), kCallsPerPause)
SLUICE_SLOW_CALL(ssize_t, recv, (int fd, void* data, size_t size, int flags),
                 (fd, data, size, flags), kCallsPerPause)
SLUICE_SLOW_CALL(ssize_t, recvmsg, (int fd, msghdr* message, int flags), (fd, message, flags),
                 kCallsPerPause)
SLUICE_SLOW_CALL(int, close, (int fd), (fd), kCallsPerPause)
SLUICE_SLOW_CALL(int, eventfd_write, (int fd, eventfd_t add), (fd, add), kCallsPerPause)
SLUICE_SLOW_CALL(int, epoll_wait, (int fd, epoll_event* events, int count, int timeout_ms),
                 (fd, events, count, timeout_ms), kCallsPerPause)
SLUICE_SLOW_CALL(int, pthread_mutex_unlock, (pthread_mutex_t * mutex), (mutex), kUnlocksPerPause)
SLUICE_SLOW_CALL(int, pthread_cond_signal, (pthread_cond_t * condition), (condition),
                 kCallsPerPause)
SLUICE_SLOW_CALL(int, pthread_cond_broadcast, (pthread_cond_t * condition), (condition),
                 kCallsPerPause)
