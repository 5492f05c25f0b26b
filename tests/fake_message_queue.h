#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "core/mutex.h"
#include "ingest/client_message_queue.h"

namespace sluice {

// A queue that keeps what it is given until the test answers, and delivers what the test says.
// Thread: any.
class FakeMessageQueue final : public ingest::ClientMessageQueue {
 public:
  // What a receiver said of a message.
  struct Verdict {
    std::string id;
    std::string what;  // "acknowledged", "rejected" or "discarded"
    friend bool operator==(const Verdict&, const Verdict&) = default;
  };

  ~FakeMessageQueue() override {
    for (auto& done : done_) {
      if (done) done(absl::UnavailableError("the queue has gone"));
    }
  }

  void Append(ingest::ClientMessage message, ingest::ClientMessageDone done) override {
    MutexLock lock(&mutex_);
    given_.push_back(std::move(message));
    done_.push_back(std::move(done));
    changed_.NotifyAll();
  }
  absl::StatusOr<std::unique_ptr<ingest::ClientMessageReceiver>> OpenReceiver(
      const ingest::ReceiverOptions& options, ingest::ClientMessageSink* sink) override {
    MutexLock lock(&mutex_);
    if (!refusal_.ok()) return refusal_;
    options_ = options;
    sink_ = sink;
    changed_.NotifyAll();
    return std::make_unique<Receiver>(this);
  }

  // Waits until so many messages have come since the start.
  std::vector<ingest::ClientMessage> AwaitAppends(size_t count) {
    MutexLock lock(&mutex_);
    while (given_.size() < count) changed_.Wait(&mutex_);
    return given_;
  }
  size_t size() {
    MutexLock lock(&mutex_);
    return given_.size();
  }
  void Answer(size_t i, absl::Status status) {
    ingest::ClientMessageDone done;
    {
      MutexLock lock(&mutex_);
      done = std::move(done_.at(i));
      done_.at(i) = nullptr;
    }
    done(std::move(status));
  }

  void RefuseReceivers(absl::Status status) {
    MutexLock lock(&mutex_);
    refusal_ = std::move(status);
  }
  ingest::ReceiverOptions AwaitReceiver() {
    MutexLock lock(&mutex_);
    while (sink_ == nullptr) changed_.Wait(&mutex_);
    return options_;
  }
  // Returns when the receiver has been destroyed.
  void AwaitNoReceiver() {
    MutexLock lock(&mutex_);
    while (sink_ != nullptr) changed_.Wait(&mutex_);
  }
  void Deliver(ingest::ClientDelivery delivery) {
    MutexLock lock(&mutex_);
    if (sink_ != nullptr) sink_->OnMessage(std::move(delivery));
  }
  void CloseReceiver(absl::Status why) {
    MutexLock lock(&mutex_);
    if (sink_ != nullptr) sink_->OnClosed(std::move(why));
  }
  std::vector<Verdict> AwaitVerdicts(size_t count) {
    MutexLock lock(&mutex_);
    while (verdicts_.size() < count) changed_.Wait(&mutex_);
    return verdicts_;
  }

 private:
  class Receiver final : public ingest::ClientMessageReceiver {
   public:
    explicit Receiver(FakeMessageQueue* queue) : queue_(*queue) {}
    ~Receiver() override {
      MutexLock lock(&queue_.mutex_);
      queue_.sink_ = nullptr;
      queue_.changed_.NotifyAll();
    }
    void Acknowledge(const std::string& id) override { Say(id, "acknowledged"); }
    void Reject(const std::string& id, bool discard) override {
      Say(id, discard ? "discarded" : "rejected");
    }

   private:
    void Say(const std::string& id, const std::string& what) {
      MutexLock lock(&queue_.mutex_);
      queue_.verdicts_.push_back({id, what});
      queue_.changed_.NotifyAll();
    }
    FakeMessageQueue& queue_;
  };

  Mutex mutex_;
  Condition changed_;
  std::vector<ingest::ClientMessage> given_ ABSL_GUARDED_BY(mutex_);
  std::vector<ingest::ClientMessageDone> done_ ABSL_GUARDED_BY(mutex_);
  absl::Status refusal_ ABSL_GUARDED_BY(mutex_);
  ingest::ReceiverOptions options_ ABSL_GUARDED_BY(mutex_);
  ingest::ClientMessageSink* sink_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::vector<Verdict> verdicts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sluice
