#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/mutex.h"
#include "ingest/client_message_queue.h"

namespace sluice::ingest {

// Keeps what a receiver was given and lets a test wait for it. Thread: any.
class RecordingReceiver final : public ClientMessageSink {
 public:
  // A failed wait ends after this; a passing test never waits for it.
  static constexpr std::chrono::seconds kPatience{30};

  void OnMessage(ClientDelivery delivery) override {
    MutexLock lock(&mutex_);
    EXPECT_FALSE(closed_) << "a message behind the last call";
    deliveries_.push_back(std::move(delivery));
    changed_.NotifyAll();
  }
  void OnClosed(absl::Status why) override {
    MutexLock lock(&mutex_);
    EXPECT_FALSE(closed_);
    closed_ = std::move(why);
    changed_.NotifyAll();
  }

  // Delivery number `index` (from 0); one of no id, with a failure, if it does not come.
  ClientDelivery Await(size_t index) {
    MutexLock lock(&mutex_);
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (deliveries_.size() <= index && std::chrono::steady_clock::now() < deadline) {
      changed_.WaitFor(&mutex_, std::chrono::milliseconds(100));
    }
    EXPECT_GT(deliveries_.size(), index) << "no such delivery";
    return deliveries_.size() > index ? deliveries_[index] : ClientDelivery{};
  }
  absl::Status AwaitClosed() {
    MutexLock lock(&mutex_);
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!closed_ && std::chrono::steady_clock::now() < deadline) {
      changed_.WaitFor(&mutex_, std::chrono::milliseconds(100));
    }
    EXPECT_TRUE(closed_) << "not closed";
    return closed_.value_or(absl::OkStatus());
  }
  std::optional<absl::Status> closed() const {
    MutexLock lock(&mutex_);
    return closed_;
  }
  size_t count() const {
    MutexLock lock(&mutex_);
    return deliveries_.size();
  }
  std::vector<ClientDelivery> deliveries() const {
    MutexLock lock(&mutex_);
    return deliveries_;
  }

 private:
  mutable Mutex mutex_;
  Condition changed_;
  std::vector<ClientDelivery> deliveries_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Status> closed_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sluice::ingest
