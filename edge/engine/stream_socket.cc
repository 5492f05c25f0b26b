#include "edge/engine/stream_socket.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace sluice::edge {
namespace {

constexpr size_t kRecordBytes = 16u << 10;  // the most that one TLS record holds

struct FreeTls {
  void operator()(SSL* session) const { SSL_free(session); }
};

}  // namespace

struct StreamSocket::Tls {
  explicit Tls(SSL* ssl) : session(ssl) {}

  // What a call of OpenSSL that did not succeed means, as -1 and errno or 0 for the end.
  ssize_t Failed(int result) {
    switch (SSL_get_error(session.get(), result)) {
      case SSL_ERROR_ZERO_RETURN:
        return 0;
      case SSL_ERROR_WANT_READ:
      case SSL_ERROR_WANT_WRITE:
        errno = EAGAIN;
        return -1;
      case SSL_ERROR_SYSCALL:
        if (errno == 0 || errno == EAGAIN) errno = ECONNRESET;
        return -1;
      default:
        ERR_clear_error();
        errno = EPROTO;
        return -1;
    }
  }

  // True once nothing is left; false with errno otherwise.
  bool WriteUnsent() {
    if (unsent.empty()) return true;
    ERR_clear_error();
    const int n = SSL_write(session.get(), unsent.data(), static_cast<int>(unsent.size()));
    if (n <= 0) {
      Failed(n);
      return false;
    }
    unsent = std::string();
    return true;
  }

  // Takes one record; 0 octets of it went out if errno is set.
  ssize_t WriteRecord(std::string_view octets) {
    ERR_clear_error();
    const int n = SSL_write(session.get(), octets.data(), static_cast<int>(octets.size()));
    if (n > 0) return n;
    const ssize_t failed = Failed(n);
    if (failed < 0 && errno == EAGAIN) {
      unsent = std::string(octets);  // encrypted already: it is taken
      return static_cast<ssize_t>(octets.size());
    }
    if (failed == 0) errno = EPIPE;
    return -1;
  }

  const std::unique_ptr<SSL, FreeTls> session;
  std::string unsent;  // the content of the record that the kernel has not taken whole
};

StreamSocket::StreamSocket(FileDescriptor fd, ssl_st* tls,
                           std::unique_ptr<AddressQuota::Slot> address)
    : fd_(std::move(fd)),
      tls_(tls == nullptr ? nullptr : std::make_unique<Tls>(tls)),
      address_(std::move(address)) {}
StreamSocket::StreamSocket(StreamSocket&&) noexcept = default;
StreamSocket::~StreamSocket() = default;

ssize_t StreamSocket::Receive(std::span<char> buffer) {
  if (!tls_) return recv(fd(), buffer.data(), buffer.size(), 0);
  ERR_clear_error();
  errno = 0;
  const int n = SSL_read(tls_->session.get(), buffer.data(), static_cast<int>(buffer.size()));
  return n > 0 ? n : tls_->Failed(n);
}

ssize_t StreamSocket::Send(std::string_view octets) {
  if (!tls_) return send(fd(), octets.data(), octets.size(), MSG_NOSIGNAL);
  if (!tls_->WriteUnsent()) return -1;
  size_t taken = 0;
  while (taken < octets.size() && tls_->unsent.empty()) {
    const ssize_t n = tls_->WriteRecord(octets.substr(taken, kRecordBytes));
    if (n < 0) return taken > 0 ? static_cast<ssize_t>(taken) : -1;
    taken += static_cast<size_t>(n);
  }
  return static_cast<ssize_t>(taken);
}

ssize_t StreamSocket::SendGathered(std::span<iovec> pieces, size_t bytes) {
  if (!tls_) {
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    return sendmsg(fd(), &message, MSG_NOSIGNAL);
  }
  // One record for as many pieces as it holds: a record costs a system call and 22 octets.
  std::array<char, kRecordBytes> record;
  size_t taken = 0;
  size_t piece = 0;
  size_t offset = 0;  // into the piece
  while (taken < bytes) {
    size_t filled = 0;
    while (filled < record.size() && piece < pieces.size()) {
      const size_t size = std::min(pieces[piece].iov_len - offset, record.size() - filled);
      std::memcpy(record.data() + filled, static_cast<char*>(pieces[piece].iov_base) + offset,
                  size);
      filled += size;
      offset += size;
      if (offset < pieces[piece].iov_len) continue;
      ++piece;
      offset = 0;
    }
    const ssize_t n = Send({record.data(), filled});
    if (n < 0) return taken > 0 ? static_cast<ssize_t>(taken) : -1;
    taken += static_cast<size_t>(n);
    if (!tls_->unsent.empty()) break;
  }
  return static_cast<ssize_t>(taken);
}

bool StreamSocket::Flush() { return !tls_ || tls_->WriteUnsent() || errno != EAGAIN; }

void StreamSocket::EndSending() {
  if (tls_) {
    ERR_clear_error();
    SSL_shutdown(tls_->session.get());  // `close_notify`; the peer's is not waited for
    ERR_clear_error();
  }
  shutdown(fd(), SHUT_WR);
}

}  // namespace sluice::edge
