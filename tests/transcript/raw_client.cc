#include "tests/transcript/raw_client.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "core/check.h"

namespace sluice {
namespace {

constexpr int kWaitMs = 20'000;

sockaddr_in LoopbackAddress(uint32_t host, uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(host);
  return address;
}

}  // namespace

std::string RawResponse::Header(std::string_view name) const {
  const std::string line = "\r\n" + std::string(name) + ": ";
  const size_t found = head.find(line);
  if (found == std::string::npos) return "";
  const size_t begin = found + line.size();
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

RawClient::RawClient(uint16_t port, int receive_buffer_bytes, uint32_t source)
    : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (receive_buffer_bytes > 0) Set(SOL_SOCKET, SO_RCVBUF, receive_buffer_bytes);
  Set(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  const sockaddr_in from = LoopbackAddress(source, 0);
  SLUICE_CHECK(bind(fd(), reinterpret_cast<const sockaddr*>(&from), sizeof(from)) == 0);
  const sockaddr_in to = LoopbackAddress(INADDR_LOOPBACK, port);
  if (connect(fd(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) {
    std::perror("RawClient: connect");
    std::abort();
  }
}

void RawClient::Set(int level, int option, int value) {
  SLUICE_CHECK(setsockopt(fd(), level, option, &value, sizeof(value)) == 0);
}

void RawClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0) return;  // the peer closed; the test sees it when it reads
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

void RawClient::EndSending() { shutdown(socket_.get(), SHUT_WR); }

void RawClient::Close() { socket_ = edge::FileDescriptor(); }

void RawClient::Abort() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  SLUICE_CHECK(setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)) == 0);
  Close();
}

bool RawClient::HasInput() const {
  pollfd waiting{.fd = socket_.get(), .events = POLLIN, .revents = 0};
  return !unread_.empty() || poll(&waiting, 1, 0) == 1;
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

RawResponse RawClient::ReadResponseWithoutBody() {
  RawResponse response;
  response.head = ReadThrough("\r\n\r\n");
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  if (response.head.starts_with(kVersion)) {
    const char* status = response.head.data() + kVersion.size();
    std::from_chars(status, status + 3, response.status);
  }
  return response;
}

RawResponse RawClient::ReadResponse() {
  RawResponse response = ReadResponseWithoutBody();
  const std::string text = response.Header("Content-Length");
  size_t length = 0;
  std::from_chars(text.data(), text.data() + text.size(), length);
  while (unread_.size() < length && ReadMore()) {
  }
  response.body = unread_.substr(0, length);
  unread_.erase(0, response.body.size());
  return response;
}

std::string RawClient::Read(size_t octets) {
  while (unread_.size() < octets && ReadMore()) {
  }
  std::string read = unread_.substr(0, octets);
  unread_.erase(0, octets);
  return read;
}

std::string RawClient::ReadToEnd() {
  while (ReadMore()) {
  }
  return std::exchange(unread_, "");
}

}  // namespace sluice
