#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "tests/bench/client_stream.h"
#include "tests/bench/delivery_check.h"

namespace sluice::bench {

// How a session reads what comes after `connected`.
enum class ReadMode : uint8_t {
  kCount,    // recv with MSG_TRUNC: counts octets, looks at nothing
  kParse,    // everything: ids, order, addressee, latency
  kTrickle,  // one octet a second
  kStall,    // nothing
};

// One browser of the swarm. Owner and thread: Swarm's.
struct LoadSession {
  enum class State : uint8_t { kClosed, kConnecting, kConnected };

  int fd = -1;
  State state = State::kClosed;
  ReadMode mode = ReadMode::kCount;
  std::string user;
  uint64_t bytes = 0;                    // of events (kCount: of anything) since the reset
  std::unique_ptr<ClientStream> stream;  // kCount: only until `connected`
  DeliveryCheck check;                   // kCount: only of `connected`
};

}  // namespace sluice::bench
