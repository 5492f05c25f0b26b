#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "core/clock.h"
#include "ingest/jetstream_answer.h"

namespace sluice::ingest {

// Tells whether a consumer that hands out one message at a time stands still: it waits for an
// answer to the last one and does not deliver it again either, for longer than anyone may have it.
// nats-server 2.9 was seen to do so without end when it had been killed: it had forgotten that the
// message was acknowledged, and no longer had it. Thread: one at a time.
class ConsumerWatch {
 public:
  // Takes the state as of `now`, while nobody here has a message. True: it has been the same for
  // more than `limit`.
  bool StandsStill(const ConsumerState& state, SteadyTime now, std::chrono::milliseconds limit) {
    if (state.unanswered == 0) {
      since_.reset();
    } else if (!since_ || state.delivered != delivered_) {
      since_ = now;
      delivered_ = state.delivered;
    }
    return since_ && now - *since_ > limit;
  }
  // Of another consumer that is looked at from now on.
  void Forget() { since_.reset(); }

 private:
  std::optional<SteadyTime> since_;
  uint64_t delivered_ = 0;  // at `since_`
};

}  // namespace sluice::ingest
