#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "core/mutex.h"
#include "ingest/presence.h"

namespace sluice::gateway {

// Edges that answer when the test says so, from the test's thread. Thread: any.
class FakePresence final : public ingest::Presence {
 public:
  struct Question {
    std::vector<std::string> users;
    std::chrono::milliseconds timeout;
    Done done;
  };

  void Ask(std::vector<std::string> users, std::chrono::milliseconds timeout, Done done) override {
    MutexLock lock(&mutex_);
    questions_.push_back({std::move(users), timeout, std::move(done)});
    changed_.NotifyAll();
  }
  // Waits for the next question.
  Question Take() {
    MutexLock lock(&mutex_);
    while (questions_.empty()) changed_.Wait(&mutex_);
    Question question = std::move(questions_.front());
    questions_.erase(questions_.begin());
    return question;
  }
  bool was_asked() {
    MutexLock lock(&mutex_);
    return !questions_.empty();
  }

 private:
  Mutex mutex_;
  Condition changed_;
  std::vector<Question> questions_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sluice::gateway
