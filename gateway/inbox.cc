#include "gateway/inbox.h"

#include <utility>

#include "gateway/append.h"

namespace sluice::gateway {

thread_local const Inbox* Inbox::current_ = nullptr;

void Inbox::Post(Append* append) {
  {
    MutexLock lock(&mutex_);
    if (!closed_) {
      contents_.appends.push_back(append);
      WakeLocked();
      return;
    }
  }
  delete append;
}

void Inbox::Post(Task task) {
  MutexLock lock(&mutex_);
  if (closed_) return;
  contents_.tasks.push_back(std::move(task));
  WakeLocked();
}

void Inbox::WakeLocked() {
  if (std::exchange(woken_, true)) return;
  alarm_.Set(queue_, gpr_inf_past(GPR_CLOCK_REALTIME), step_);
}

Inbox::Contents Inbox::Take() {
  MutexLock lock(&mutex_);
  woken_ = false;
  return std::exchange(contents_, {});
}

void Inbox::Close() {
  MutexLock lock(&mutex_);
  closed_ = true;
}

}  // namespace sluice::gateway
