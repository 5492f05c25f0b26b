#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "edge/engine/socket.h"

namespace sluice {

// An HTTP answer as it came.
struct RawResponse {
  int status = 0;
  std::string head;  // with its empty line
  std::string body;

  // The value of a header, spelled as it came; empty if absent.
  std::string Header(std::string_view name) const;
};

// A TCP client that sends and expects exact bytes. Every wait ends after 20 s with what was read so
// far, so that a test fails with the transcript instead of hanging. Thread: one.
class RawClient {
 public:
  // `receive_buffer_bytes`: what the kernel takes for a client that does not read; 0: its default.
  // `source`: the loopback address (host order) to connect from. Thousands of connections a second
  // from one address come upon ports whose last connection the peer still waits out.
  explicit RawClient(uint16_t port, int receive_buffer_bytes = 0,
                     uint32_t source = INADDR_LOOPBACK);

  void Send(std::string_view bytes);
  // Says that nothing more will be sent; reading goes on.
  void EndSending();
  void Close();
  // Closes with a reset, as a process that was killed with unread data does.
  void Abort();

  // Reads until `text` has come; everything unread up to and with it.
  std::string ReadThrough(std::string_view text);
  // Reads as many octets.
  std::string Read(size_t octets);
  // Reads until the peer closes; everything unread.
  std::string ReadToEnd();
  // Reads one response: its head and as many octets of body as its Content-Length says.
  RawResponse ReadResponse();
  // As ReadResponse, for the answer to HEAD.
  RawResponse ReadResponseWithoutBody();
  // True if there is something to read, or the end, without waiting for it.
  bool HasInput() const;
  // True if the connection was ended by a reset instead of a close.
  bool was_reset() const { return was_reset_; }
  int fd() const { return socket_.get(); }

 private:
  void Set(int level, int option, int value);
  bool ReadMore();

  edge::FileDescriptor socket_;
  std::string unread_;
  bool was_reset_ = false;
};

}  // namespace sluice
