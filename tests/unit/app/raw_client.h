#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace sluice::app {

// A blocking TCP client on loopback that sends and expects bytes. A read that gets nothing for
// ten seconds fails. Thread: one at a time.
class RawClient {
 public:
  RawClient() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval patience{10, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  }
  explicit RawClient(uint16_t port) : RawClient() { Connect(port); }
  ~RawClient() { close(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void Connect(uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  void Send(std::string_view bytes) {
    ASSERT_EQ(send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  // Everything up to and including `end`, which must come.
  std::string ReadUntil(std::string_view end) {
    size_t at = 0;
    while ((at = pending_.find(end)) == std::string::npos) {
      if (!Receive()) {
        ADD_FAILURE() << "the stream ended or stood still before " << end << ": " << pending_;
        return {};
      }
    }
    std::string text = pending_.substr(0, at + end.size());
    pending_.erase(0, at + end.size());
    return text;
  }
  // Everything until the peer closes.
  std::string ReadAll() {
    while (Receive()) {
    }
    return std::move(pending_);
  }

 private:
  bool Receive() {
    char bytes[4'096];
    const ssize_t got = recv(socket_, bytes, sizeof(bytes), 0);
    if (got > 0) pending_.append(bytes, static_cast<size_t>(got));
    return got > 0;
  }

  const int socket_;
  std::string pending_;
};

}  // namespace sluice::app
