#include "edge/engine/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <boost/asio/ip/address.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/check.h"
#include "core/status.h"

namespace sluice::edge {
namespace {

constexpr int kBacklog = 4096;
constexpr int kUserTimeoutMs = 45'000;
constexpr int kKeepAliveIdleSeconds = 30;
constexpr int kKeepAliveIntervalSeconds = 5;
constexpr int kUnsentBytes = 64 << 10;

struct Endpoint {
  boost::asio::ip::address address;
  uint16_t port = 0;
};

absl::StatusOr<Endpoint> ParseEndpoint(const std::string& text) {
  const auto bad = absl::InvalidArgumentError(
      absl::StrCat("'", text, "' is not an address and port such as 127.0.0.1:8080 or [::1]:8080"));
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return bad;
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  if (host == "localhost") host = "127.0.0.1";
  Endpoint endpoint;
  boost::system::error_code error;
  endpoint.address = boost::asio::ip::make_address(host, error);
  uint32_t port = 0;
  if (error || !absl::SimpleAtoi(text.substr(colon + 1), &port) || port > 65'535) return bad;
  endpoint.port = static_cast<uint16_t>(port);
  return endpoint;
}

socklen_t ToSockaddr(const Endpoint& endpoint, sockaddr_storage* storage) {
  std::memset(storage, 0, sizeof(*storage));
  if (endpoint.address.is_v4()) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(storage);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(endpoint.port);
    v4->sin_addr.s_addr = htonl(endpoint.address.to_v4().to_uint());
    return sizeof(*v4);
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(storage);
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(endpoint.port);
  const auto bytes = endpoint.address.to_v6().to_bytes();
  std::memcpy(&v6->sin6_addr, bytes.data(), bytes.size());
  return sizeof(*v6);
}

void SetOption(int fd, int level, int option, int value) {
  SLUICE_CHECK(setsockopt(fd, level, option, &value, sizeof(value)) == 0);
}

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) close(fd_);
}

absl::StatusOr<FileDescriptor> Listen(const std::string& address) {
  SLUICE_ASSIGN_OR_RETURN(const Endpoint endpoint, ParseEndpoint(address));
  sockaddr_storage storage;
  const socklen_t length = ToSockaddr(endpoint, &storage);
  FileDescriptor fd(
      socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!fd.valid()) {
    return absl::UnavailableError(absl::StrCat("cannot open a socket: ", std::strerror(errno)));
  }
  SetOption(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  SetOption(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  SetOption(fd.get(), SOL_SOCKET, SO_KEEPALIVE, 1);
  SetOption(fd.get(), IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdleSeconds);
  SetOption(fd.get(), IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveIntervalSeconds);
  SetOption(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  SetOption(fd.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, kUserTimeoutMs);
  SetOption(fd.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, kUnsentBytes);
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&storage), length) != 0 ||
      listen(fd.get(), kBacklog) != 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", address, ": ", std::strerror(errno)));
  }
  return fd;
}

uint16_t BoundPort(const FileDescriptor& socket) {
  sockaddr_storage storage;
  socklen_t length = sizeof(storage);
  SLUICE_CHECK(getsockname(socket.get(), reinterpret_cast<sockaddr*>(&storage), &length) == 0);
  return storage.ss_family == AF_INET
             ? ntohs(reinterpret_cast<sockaddr_in*>(&storage)->sin_port)
             : ntohs(reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port);
}

std::string WithPort(const std::string& address, uint16_t port) {
  return absl::StrCat(address.substr(0, address.rfind(':')), ":", port);
}

}  // namespace sluice::edge
