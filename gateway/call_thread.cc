#include "gateway/call_thread.h"

#include <latch>
#include <utility>

#include "core/check.h"
#include "gateway/append.h"

namespace sluice::gateway {
namespace {

// Steps of one turn: what a flush may wait for while there is always more to do. Half a
// millisecond's work.
constexpr int kTurnSteps = 64;

}  // namespace

Call::Call(CallThread* thread) : thread_(thread) { ++thread_->call_count_; }

Call::~Call() {
  if (thread_->calls_ == this) thread_->calls_ = next_;
  if (previous_ != nullptr) previous_->next_ = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  if (--thread_->call_count_ == 0 && thread_->ended_ != nullptr) thread_->ended_->count_down();
}

void Call::Enter() {
  next_ = std::exchange(thread_->calls_, this);
  if (next_ != nullptr) next_->previous_ = this;
}

CallThread::CallThread(std::unique_ptr<grpc::ServerCompletionQueue> queue)
    : queue_(std::move(queue)), inbox_(std::make_shared<Inbox>(queue_.get(), read_inbox_.tag())) {}

CallThread::~CallThread() { SLUICE_CHECK(!thread_.joinable()); }

void CallThread::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void CallThread::Join() {
  if (!thread_.joinable()) return;
  std::latch ended(1);
  Run([&] {
    grace_alarm_.Cancel();
    ended_ = &ended;
    if (call_count_ == 0) ended.count_down();
    AbandonAll();
  });
  ended.wait();
  inbox_->Close();
  queue_->Shutdown();
  thread_.join();
}

void CallThread::Loop() {
  Inbox::SetCurrent(inbox_.get());
  int steps = 0;
  void* step = nullptr;
  bool ok = false;
  while (true) {
    if (flushables_.empty()) {
      if (!queue_->Next(&step, &ok)) break;
      steps = 0;
    } else if (++steps >= kTurnSteps ||
               queue_->AsyncNext(&step, &ok, gpr_inf_past(GPR_CLOCK_REALTIME)) !=
                   grpc::CompletionQueue::GOT_EVENT) {
      FlushAll();
      steps = 0;
      continue;
    }
    static_cast<Step*>(step)->Proceed(ok);
  }
  ReadInbox(true);  // appends that were abandoned and came late
  SLUICE_CHECK(call_count_ == 0);
}

void CallThread::FlushAll() {
  flushing_.swap(flushables_);
  for (Flushable* flushable : flushing_) flushable->Flush();
  flushing_.clear();
}

void CallThread::ReadInbox(bool) {
  Inbox::Contents contents = inbox_->Take();
  for (Append* append : contents.appends) {
    append->pending = false;
    if (append->owner != nullptr) {
      append->owner->OnAppended(append);
    } else {
      delete append;
    }
  }
  for (Inbox::Task& task : contents.tasks) task();
}

void CallThread::RunAndWait(Inbox::Task task) {
  std::latch done(1);
  Run([&] {
    task();
    done.count_down();
  });
  done.wait();
}

template <typename Action>
void CallThread::ForEachCall(const Action& action) {
  for (Call* call = calls_; call != nullptr;) {
    Call* const next = call->next_;
    action(call);
    call = next;
  }
}

void CallThread::Drain(std::chrono::system_clock::time_point deadline) {
  RunAndWait([this, deadline] {
    draining_ = true;
    grace_alarm_.Set(queue_.get(), deadline, grace_ended_.tag());
    ForEachCall([](Call* call) { call->Drain(); });
  });
}

void CallThread::OnGraceEnded(bool expired) {
  if (expired) AbandonAll();
}

void CallThread::AbandonAll() {
  abandoning_ = true;
  ForEachCall([](Call* call) { call->Abandon(); });
}

}  // namespace sluice::gateway
