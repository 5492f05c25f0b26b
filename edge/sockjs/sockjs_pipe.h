#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "edge/engine/socket.h"

namespace sluice::edge {

// Both ends of a connection within the process: what is written to one is read from the other, and
// the kernel holds at most some 64 KiB for each direction. Either end is a client of the loop like
// an accepted socket, so the STOMP session at one of them needs to know nothing of SockJS.
struct SockJsPipe {
  FileDescriptor stomp;
  FileDescriptor sockjs;

  // nullopt: the process has no more descriptors.
  static std::optional<SockJsPipe> Open();
};

// A text message as a client's frame, masked with zeros as RFC 6455 section 5.3 allows: the network
// between the ends is our own.
void AppendClientTextFrame(std::string_view text, std::string* out);

// Takes apart what our own server writes: the answer to the handshake, then whole, unmasked frames.
// Pure. Holds no more than one frame and one read. Thread: one.
class SockJsPipeReader {
 public:
  struct Close {
    uint16_t code;
    std::string reason;
  };
  // Calls `on_text` for each message that `octets` completes. The close frame, once it has come.
  std::optional<Close> Feed(std::string_view octets,
                            absl::FunctionRef<void(std::string_view text)> on_text);
  size_t held_bytes() const { return held_.size(); }

 private:
  bool has_head_ = false;
  std::string held_;
};

}  // namespace sluice::edge
