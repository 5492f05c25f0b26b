#include "tests/bench/client_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace sluice::bench {
namespace {

constexpr uint32_t kFirstSource = 0x7f000002;  // 127.0.0.2

sockaddr_in Address(uint32_t ip, uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(ip);
  address.sin_port = htons(port);
  return address;
}

bool Connect(int fd, const Route& route, uint32_t index) {
  const int on = 1;
  const sockaddr_in from = Address(kFirstSource + index % route.sources, 0);
  const sockaddr_in to = Address(INADDR_LOOPBACK, route.port);
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (route.receive_buffer > 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &route.receive_buffer, sizeof route.receive_buffer);
  }
  if (bind(fd, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) return false;
  return connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 ||
         errno == EINPROGRESS;
}

}  // namespace

int ConnectFrom(const Route& route, uint32_t index) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  if (Connect(fd, route, index)) return fd;
  const int error = errno;
  close(fd);
  errno = error;
  return -1;
}

}  // namespace sluice::bench
