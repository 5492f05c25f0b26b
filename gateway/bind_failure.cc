#include "gateway/bind_failure.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace sluice::gateway {
namespace {

// The error number of a bind to `address`; 0 if it works now.
int TryBind(const addrinfo& address) {
  const int fd = socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);  // as gRPC does
  const int error =
      bind(fd, address.ai_addr, address.ai_addrlen) != 0 || listen(fd, 1) != 0 ? errno : 0;
  close(fd);
  return error;
}

}  // namespace

absl::Status BindFailure(const ListenAddress& address) {
  const std::string prefix = absl::StrCat("cannot listen on ", address.ToString(), " (gRPC): ");
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (error != 0) return absl::UnavailableError(absl::StrCat(prefix, gai_strerror(error)));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  const int number = TryBind(*found);
  if (number == 0) return absl::UnavailableError(absl::StrCat(prefix, "gRPC could not start"));
  return absl::UnavailableError(
      absl::StrCat(prefix, std::error_code(number, std::system_category()).message()));
}

}  // namespace sluice::gateway
