#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "edge/engine/socket.h"

namespace sluice {

// A TCP client that sends and expects exact bytes. Every wait ends after 20 s with what was read so
// far, so that a test fails with the transcript instead of hanging. Thread: one.
class RawClient {
 public:
  explicit RawClient(uint16_t port);

  void Send(std::string_view bytes);
  // Reads until `text` has come; everything unread up to and with it.
  std::string ReadThrough(std::string_view text);
  // Reads until the peer closes; everything unread.
  std::string ReadToEnd();
  // True if the connection was ended by a reset instead of a close.
  bool was_reset() const { return was_reset_; }
  int fd() const { return socket_.get(); }

 private:
  bool ReadMore();

  edge::FileDescriptor socket_;
  std::string unread_;
  bool was_reset_ = false;
};

}  // namespace sluice
