#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/completion_queue.h>

#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "core/mutex.h"

namespace sluice::gateway {

struct Append;

// What other threads have for a CallThread: appends that the log has answered, and tasks. Wakes the
// thread through its completion queue, once for all that arrives before it looks. It may outlive
// its thread; what comes then is dropped. Thread: any.
class Inbox final {
 public:
  using Task = absl::AnyInvocable<void()>;
  struct Contents {
    std::vector<Append*> appends;
    std::vector<Task> tasks;
  };

  // `step` is what the queue hands back to the thread, which then calls Take.
  Inbox(grpc::CompletionQueue* queue, void* step) : queue_(queue), step_(step) {}

  // True on the thread that has named this inbox as its own.
  bool IsCurrent() const { return current_ == this; }
  static void SetCurrent(const Inbox* inbox) { current_ = inbox; }

  // Takes `append` over.
  void Post(Append* append) ABSL_LOCKS_EXCLUDED(mutex_);
  void Post(Task task) ABSL_LOCKS_EXCLUDED(mutex_);

  // Everything so far. Thread: the CallThread.
  Contents Take() ABSL_LOCKS_EXCLUDED(mutex_);
  // From now on nothing touches the queue.
  void Close() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void WakeLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  static thread_local const Inbox* current_;

  grpc::CompletionQueue* const queue_;
  void* const step_;
  Mutex mutex_;
  Contents contents_ ABSL_GUARDED_BY(mutex_);
  grpc::Alarm alarm_ ABSL_GUARDED_BY(mutex_);
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace sluice::gateway
