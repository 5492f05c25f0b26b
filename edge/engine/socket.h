#pragma once

#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "core/listen_address.h"

namespace sluice::edge {

// Owns a file descriptor. Thread: any, one at a time.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor();

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// Of the sockets of one port, the first must find it free; otherwise two processes that were given
// the same port would silently share its connections, as SO_REUSEPORT lets them.
enum class ListenerPlace : uint8_t { kFirst, kFurther };

// A listening, non-blocking TCP socket, one of several on the same port (SO_REUSEPORT). Accepted
// sockets inherit its options: TCP_NODELAY; keep-alive and TCP_USER_TIMEOUT, because a write does
// not reveal a half-open peer; TCP_NOTSENT_LOWAT, which bounds what the kernel holds for a peer
// that does not read. Errors: UNAVAILABLE (cannot bind).
absl::StatusOr<FileDescriptor> Listen(const ListenAddress& address, ListenerPlace place);

// The port that a socket is bound to.
uint16_t BoundPort(const FileDescriptor& socket);

}  // namespace sluice::edge
