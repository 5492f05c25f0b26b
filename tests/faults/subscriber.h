#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/client_stream.h"
#include "tests/faults/event_id.h"

namespace sluice::faults {

// One user agent: what it follows, where it is connected, and the cursor that it will present next.
// Owner and thread: SubscriberSwarm's.
struct Subscriber {
  enum class State : uint8_t {
    kWaiting,     // until `due_ns`, then it connects
    kConnecting,  // until `connected`, at most until `due_ns`
    kConnected,
    kAway,  // told to stay away
  };

  uint32_t index = 0;
  std::string user;
  bench::Wire wire = bench::Wire::kSse;
  std::vector<std::string> topics;
  State state = State::kWaiting;
  int fd = -1;
  uint32_t connection = 0;  // number of the current one; 0: none yet
  uint32_t edge = 0;        // index of the current one
  int64_t due_ns = 0;
  int64_t retry_ms = 0;  // as the server said; 0: it did not yet
  EventId cursor;        // id of the last block that had one; no epoch: none
  std::unique_ptr<bench::ClientStream> stream;
  std::string request;  // of the response that is read, or is to be

  // What is said over connections of its own: SockJS without WebSocket.
  std::deque<std::string> sends;  // requests; the first is under way
  int send_fd = -1;               // of the first
  std::string send_answer;        // what has come of its answer
  uint32_t hops = 0;              // requests of this connection that went to other edges
  uint32_t hops_left = 0;         // where that of `fd` may still go, if who was asked is not there
  uint32_t send_hops_left = 0;    // the same of `send_fd`

  bool is_xhr() const;
  // Of the current connection.
  bench::StreamStart Start() const;
};

}  // namespace sluice::faults
