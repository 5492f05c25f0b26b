#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "edge/engine/address_quota.h"
#include "edge/engine/socket.h"

struct ssl_st;  // OpenSSL's

namespace sluice::edge {

// An accepted socket, non-blocking, in plain text or TLS: the calls below behave as those of the
// system, whichever it is. In TLS what was encrypted must be sent, so a write that the kernel
// takes only in part counts as taken, and the rest (at most one record of 16 KiB) stays here until
// Flush. Thread: shard.
class StreamSocket {
 public:
  // `tls`: the server's end of a session on `fd`, now owned; null: plain text. `address`: given
  // back with the socket; null: not counted.
  explicit StreamSocket(FileDescriptor fd, ssl_st* tls = nullptr,
                        std::unique_ptr<AddressQuota::Slot> address = nullptr);
  StreamSocket(StreamSocket&&) noexcept;
  StreamSocket& operator=(StreamSocket&&) = delete;
  ~StreamSocket();

  int fd() const { return fd_.get(); }
  bool is_tls() const { return tls_ != nullptr; }

  // As recv(2): octets, 0 at the end, -1 with errno; EPROTO if the peer breaks TLS. To be called
  // until EAGAIN. Goes on with the handshake, whatever it needs.
  ssize_t Receive(std::span<char> buffer);
  // As send(2) and sendmsg(2). `bytes`: of all pieces.
  ssize_t Send(std::string_view octets);
  ssize_t SendGathered(std::span<iovec> pieces, size_t bytes);
  // False while the kernel has not taken all that Send has: call it again when it takes more.
  // An error shows at the next Send.
  bool Flush();
  // Says that no more will be sent.
  void EndSending();

 private:
  struct Tls;

  FileDescriptor fd_;
  std::unique_ptr<Tls> tls_;  // null: plain text
  std::unique_ptr<AddressQuota::Slot> address_;
};

}  // namespace sluice::edge
