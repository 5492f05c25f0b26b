#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "edge/auth/revocation_table.h"
#include "ingest/event_log.h"

namespace sluice::edge {

// Reads the log of revocations. What was revoked stays so, whatever becomes of the log. Thread: the
// tail's, is_caught_up any.
class RevocationSink final : public ingest::TailSink {
 public:
  // `on_caught_up`: once, when everything that the log retains has been read.
  RevocationSink(std::function<void(Revocation)> on_revocation, std::function<void()> on_caught_up)
      : on_revocation_(std::move(on_revocation)), on_caught_up_(std::move(on_caught_up)) {}

  bool is_caught_up() const { return is_caught_up_.load(std::memory_order_acquire); }

  void OnEpoch(const Epoch&, uint64_t) override {}
  void OnEvents(std::shared_ptr<const EventBatch> batch) override {
    for (const Event& event : batch->events) on_revocation_(Revocation::Of(event));
  }
  void OnHole(uint64_t, uint64_t) override {}  // most were said again: one is kept for each id
  void OnHead(uint64_t) override {
    if (!is_caught_up_.exchange(true, std::memory_order_acq_rel)) on_caught_up_();
  }

 private:
  const std::function<void(Revocation)> on_revocation_;
  const std::function<void()> on_caught_up_;
  std::atomic<bool> is_caught_up_{false};
};

}  // namespace sluice::edge
