#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::edge {

// Why a session ended. The table in disconnect_reason.cc says what each is on the wire, in metrics
// and for the client; docs/protocol.md repeats it.
enum class DisconnectReason : uint8_t {
  kClient,    // the browser closed or went away
  kNetwork,   // the connection broke or timed out
  kSlow,      // took no bytes for the write timeout
  kMaxAge,    // reached the maximum age
  kShutdown,  // the process stops
  kOverload,  // no more sessions are taken
  kProtocol,  // the client sent what it must not
  kExpired,   // its token did
  kDrain,     // the process will stop, and sends its sessions elsewhere one after the other
  kRevoked,   // a backend has called its token, or all of its user, back
};
inline constexpr size_t kDisconnectReasons = 10;

struct DisconnectPolicy {
  std::string_view label;  // metric label, and `reason` of the closing event
  bool announced;          // the server ends the stream, with `closing`
  bool may_resume;         // the client may come back with its cursor
};

const DisconnectPolicy& PolicyOf(DisconnectReason reason);

}  // namespace sluice::edge
