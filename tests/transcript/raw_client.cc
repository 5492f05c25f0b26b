#include "tests/transcript/raw_client.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "core/check.h"

namespace sluice {
namespace {

constexpr int kWaitMs = 20'000;

}  // namespace

RawClient::RawClient(uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  SLUICE_CHECK(connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
}

void RawClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0) return;  // the peer closed; the test sees it when it reads
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

bool RawClient::ReadMore() {
  pollfd waiting{.fd = socket_.get(), .events = POLLIN, .revents = 0};
  if (poll(&waiting, 1, kWaitMs) != 1) return false;
  char buffer[16 << 10];
  const ssize_t n = recv(socket_.get(), buffer, sizeof(buffer), 0);
  if (n < 0 && errno == ECONNRESET) was_reset_ = true;
  if (n <= 0) return false;
  unread_.append(buffer, static_cast<size_t>(n));
  return true;
}

std::string RawClient::ReadThrough(std::string_view text) {
  size_t found = unread_.find(text);
  while (found == std::string::npos) {
    if (!ReadMore()) return std::exchange(unread_, "");
    found = unread_.find(text);
  }
  std::string result = unread_.substr(0, found + text.size());
  unread_.erase(0, result.size());
  return result;
}

std::string RawClient::ReadToEnd() {
  while (ReadMore()) {
  }
  return std::exchange(unread_, "");
}

}  // namespace sluice
