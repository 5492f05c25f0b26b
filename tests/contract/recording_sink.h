#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/mutex.h"
#include "ingest/event_log.h"

namespace sluice::ingest {

// Keeps what a tail says and lets a test wait for it. Checks what holds for every call: one thread,
// epoch first, batches not empty, sequences rising, heads not below what was received.
// Thread: any; the TailSink part on the tail's.
class RecordingSink final : public TailSink {
 public:
  // A failed wait ends after this; a passing test never waits for it.
  static constexpr std::chrono::seconds kPatience{30};

  void OnEpoch(const Epoch& epoch, uint64_t first_sequence) override {
    Record([&] {
      epochs_.emplace_back(epoch, first_sequence);
      last_ = first_sequence - 1;
    });
  }
  void OnEvents(std::shared_ptr<const EventBatch> batch) override {
    Record([&] {
      EXPECT_FALSE(epochs_.empty()) << "events before the epoch";
      EXPECT_FALSE(batch->events.empty());
      for (const Event& event : batch->events) {
        EXPECT_GT(event.sequence(), last_);
        last_ = event.sequence();
        sequences_.push_back(last_);
      }
      batches_.push_back(std::move(batch));
    });
  }
  void OnHole(uint64_t first, uint64_t last) override {
    Record([&] {
      EXPECT_LE(first, last);
      ++holes_;
    });
  }
  void OnHead(uint64_t last_sequence) override {
    Record([&] {
      EXPECT_FALSE(epochs_.empty()) << "head before the epoch";
      EXPECT_GE(last_sequence + 1, epochs_.back().second);
      heads_.push_back(last_sequence);
    });
  }

  // Waits until the last head is at or behind `sequence`; returns it.
  uint64_t AwaitHead(uint64_t sequence = 0) {
    Await([&] { return !heads_.empty() && heads_.back() >= sequence; }, "a head");
    MutexLock lock(&mutex_);
    return heads_.empty() ? 0 : heads_.back();
  }
  void AwaitHeads(size_t count) {
    Await([&] { return heads_.size() >= count; }, "heads");
  }
  void AwaitEvents(size_t count) {
    Await([&] { return sequences_.size() >= count; }, "events");
  }

  std::vector<uint64_t> sequences() const { return Copy(sequences_); }
  std::vector<uint64_t> heads() const { return Copy(heads_); }
  std::vector<std::pair<Epoch, uint64_t>> epochs() const { return Copy(epochs_); }
  std::vector<std::shared_ptr<const EventBatch>> batches() const { return Copy(batches_); }
  size_t holes() const { return Copy(holes_); }
  std::vector<std::string> data() const {
    std::vector<std::string> data;
    for (const auto& batch : batches()) {
      for (const Event& event : batch->events) data.emplace_back(event.data());
    }
    return data;
  }

 private:
  template <typename Do>
  void Record(Do record) {
    {
      MutexLock lock(&mutex_);
      if (thread_ == std::thread::id()) thread_ = std::this_thread::get_id();
      EXPECT_EQ(thread_, std::this_thread::get_id());
      record();
    }
    changed_.NotifyAll();
  }
  template <typename Reached>
  void Await(Reached reached, const char* what) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    MutexLock lock(&mutex_);
    while (!reached()) {
      const auto left = deadline - std::chrono::steady_clock::now();
      if (left <= std::chrono::nanoseconds::zero()) {
        ADD_FAILURE() << "waited in vain for " << what;
        return;
      }
      changed_.WaitFor(&mutex_, left);
    }
  }
  template <typename T>
  T Copy(const T& value) const {
    MutexLock lock(&mutex_);
    return value;
  }

  mutable Mutex mutex_;
  Condition changed_;
  std::thread::id thread_;
  uint64_t last_ = 0;
  std::vector<std::pair<Epoch, uint64_t>> epochs_;
  std::vector<uint64_t> sequences_;
  std::vector<uint64_t> heads_;
  std::vector<std::shared_ptr<const EventBatch>> batches_;
  size_t holes_ = 0;
};

}  // namespace sluice::ingest
