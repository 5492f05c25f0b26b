#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "edge/auth/authenticator.h"
#include "edge/sockjs/sockjs_caller.h"

namespace sluice::edge {

// What a transport asks of a session, which may be on another shard or edge. Thread: any.
struct SockJsRequest {
  enum class Kind : uint8_t {
    kPoll,     // the next frame, for at most `wait`
    kHold,     // the receiver is there, but its client takes nothing at the moment
    kRelease,  // the receiver has passed on all that it got, and goes
    kAbort,    // the receiver went before it could pass on what it got: ends the session
    kSend,     // `body` for the session
  };

  Kind kind;
  std::string session;
  uint64_t receiver = 0;              // of all but kSend: who asks; never 0
  std::chrono::milliseconds wait{0};  // of kPoll
  bool is_once = false;               // of kPoll: the receiver goes with the frame
  std::string body = {};              // of kSend: JSON that ParseSockJsMessages took
  SockJsCaller caller = {};
  // Poll only: whose session to open, if there is none anywhere. Stays on this edge.
  std::optional<Identity> opener = std::nullopt;
  std::optional<uint32_t> shard = std::nullopt;  // that has the session, if it is known

  // For another edge that has the session: `poll USER TOKEN RECEIVER MS` or `once …`, `hold USER
  // TOKEN RECEIVER`, `release …`, `abort …`, or `send USER TOKEN`, LF, and the body; USER and TOKEN
  // being the caller's.
  std::string ToText() const;
  // nullopt: not what ToText writes. `session`: the name that was asked.
  static std::optional<SockJsRequest> FromText(std::string_view session, std::string_view text);
};

struct SockJsAnswer {
  enum class Kind : uint8_t {
    kFrame,      // of a poll: `frame`
    kLast,       // of a poll: `frame`, after which the receiver is to go
    kNothing,    // of a poll: nothing came in time
    kDone,       // of the others
    kNoSession,  // nowhere
    kFull,       // the session or the edge has no room now
    kUnknown,    // its edge does not answer
  };

  Kind kind;
  std::string frame = {};

  std::string ToText() const;
  static std::optional<SockJsAnswer> FromText(std::string_view text);
};

// To be called once; from any thread.
using SockJsRespond = std::function<void(SockJsAnswer)>;

}  // namespace sluice::edge
