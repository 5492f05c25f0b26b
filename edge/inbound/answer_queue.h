#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"

namespace sluice::edge {

// The answers that a client is owed, given in the order of its messages although some of them wait
// for the log or the queue. Thread: shard. Owner: ClientSends; a SendAnswered on its way to the
// shard only knows whether it is still there.
class AnswerQueue {
 public:
  // More than this and the client has to be stopped.
  static constexpr size_t kMaxUnanswered = 256;

  // Who says the answers.
  class Owner {
   public:
    // Some that came late have been given.
    virtual void OnLateAnswers() = 0;

   protected:
    ~Owner() = default;
  };
  using Answer = absl::AnyInvocable<void(const absl::Status&)>;

  explicit AnswerQueue(Owner* owner) : owner_(*owner) {}

  bool empty() const { return waiting_.empty(); }
  bool is_full() const { return waiting_.size() >= kMaxUnanswered; }
  // Of a message that has been handled: given, with OK, once all before it have been.
  void Add(Answer answer);
  // Of a message that is on its way; the number is for Settle, which is to be called once.
  uint64_t Await(Answer answer);
  void Settle(uint64_t number, const absl::Status& status);

 private:
  struct Waiting {
    Answer answer;
    bool is_settled;
    absl::Status status;
  };

  Owner& owner_;
  std::vector<Waiting> waiting_;
  uint64_t first_number_ = 0;  // of waiting_.front()
};

}  // namespace sluice::edge
