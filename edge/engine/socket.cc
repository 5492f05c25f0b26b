#include "edge/engine/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "core/check.h"

namespace sluice::edge {
namespace {

constexpr int kBacklog = 4096;
constexpr int kUserTimeoutMs = 45'000;
constexpr int kKeepAliveIdleSeconds = 30;
constexpr int kKeepAliveIntervalSeconds = 5;
constexpr int kUnsentBytes = 64 << 10;

socklen_t ToSockaddr(const ListenAddress& address, sockaddr_storage* storage) {
  std::memset(storage, 0, sizeof(*storage));
  auto* v4 = reinterpret_cast<sockaddr_in*>(storage);
  if (inet_pton(AF_INET, address.host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(address.port);
    return sizeof(*v4);
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(storage);
  SLUICE_CHECK(inet_pton(AF_INET6, address.host.c_str(), &v6->sin6_addr) == 1);
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(address.port);
  return sizeof(*v6);
}

void SetOption(int fd, int level, int option, int value) {
  SLUICE_CHECK(setsockopt(fd, level, option, &value, sizeof(value)) == 0);
}

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) close(fd_);
}

absl::StatusOr<FileDescriptor> Listen(const ListenAddress& address, ListenerPlace place) {
  sockaddr_storage storage;
  const socklen_t length = ToSockaddr(address, &storage);
  FileDescriptor fd(
      socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!fd.valid()) {
    return absl::UnavailableError(absl::StrCat("cannot open a socket: ", std::strerror(errno)));
  }
  SetOption(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (place == ListenerPlace::kFurther) SetOption(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  SetOption(fd.get(), SOL_SOCKET, SO_KEEPALIVE, 1);
  SetOption(fd.get(), IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdleSeconds);
  SetOption(fd.get(), IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveIntervalSeconds);
  SetOption(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  SetOption(fd.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, kUserTimeoutMs);
  SetOption(fd.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, kUnsentBytes);
  const bool is_bound = bind(fd.get(), reinterpret_cast<sockaddr*>(&storage), length) == 0;
  if (is_bound) SetOption(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1);  // lets the further ones join
  if (!is_bound || listen(fd.get(), kBacklog) != 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", address.ToString(), ": ", std::strerror(errno)));
  }
  return fd;
}

uint16_t BoundPort(const FileDescriptor& socket) {
  sockaddr_storage storage;
  socklen_t length = sizeof(storage);
  SLUICE_CHECK(getsockname(socket.get(), reinterpret_cast<sockaddr*>(&storage), &length) == 0);
  return storage.ss_family == AF_INET ? ntohs(reinterpret_cast<sockaddr_in*>(&storage)->sin_port)
                                      : ntohs(reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port);
}

}  // namespace sluice::edge
