#pragma once

#include <utility>

#include "gateway/call_thread.h"
#include "gateway/publisher.h"

namespace sluice::gateway {

// Announces what the calls of one thread have appended in a turn, once, when it ends: waking the
// browsers' side for each event would cost as much as a third of the call. A lone call is a turn of
// its own. Thread: grpc, its CallThread's. Owner: Gateway.
class Announcer final : public Flushable {
 public:
  Announcer(Publisher* publisher, CallThread* thread) : publisher_(publisher), thread_(thread) {}

  void AnnounceWhenTurnEnds() {
    if (!std::exchange(awaited_, true)) thread_->FlushLater(this);
  }
  void Flush() override {
    awaited_ = false;
    publisher_->Announce();
  }

 private:
  Publisher* const publisher_;
  CallThread* const thread_;
  bool awaited_ = false;
};

}  // namespace sluice::gateway
