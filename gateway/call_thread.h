#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/completion_queue.h>

#include <chrono>
#include <cstddef>
#include <latch>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "gateway/inbox.h"
#include "gateway/publish_counters.h"
#include "gateway/receive_counters.h"

namespace sluice::gateway {

// What a completion queue hands back: the next step of a call. Thread: grpc, the queue's own.
class Step {
 public:
  virtual void Proceed(bool ok) = 0;
  // As the queue carries it.
  void* tag() { return this; }

 protected:
  ~Step() = default;
};

// Calls a member when the queue hands it back, for calls with several operations under way.
template <typename Owner, void (Owner::*kMember)(bool)>
class StepOf final : public Step {
 public:
  explicit StepOf(Owner* owner) : owner_(owner) {}
  void Proceed(bool ok) override { (owner_->*kMember)(ok); }

 private:
  Owner* const owner_;
};

class CallThread;

// A call, from waiting for a client to its end. It belongs to one CallThread, deletes itself, and
// from the client's request on it is in its thread's list. Thread: grpc, its CallThread's.
class Call {
 public:
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // The gateway is stopping: end soon, take nothing more from the client.
  virtual void Drain() {}
  // The time for that is over: end now, with UNAVAILABLE for whatever the log still owes.
  virtual void Abandon() = 0;

 protected:
  explicit Call(CallThread* thread);
  virtual ~Call();
  CallThread* thread() const { return thread_; }
  // Enters the thread's list until destruction.
  void Enter();

 private:
  friend class CallThread;
  CallThread* const thread_;
  Call* previous_ = nullptr;
  Call* next_ = nullptr;
};

// Work that is put off to the end of a turn, to be done once for many steps.
class Flushable {
 public:
  virtual void Flush() = 0;

 protected:
  ~Flushable() = default;
};

// One completion queue and the thread that serves it. Steps that are ready are taken in turns: as
// many as there are without waiting, up to a limit, then everything that asked for a flush.
// Thread: Run and what says so on its own, the rest on main. Owner: Gateway.
class CallThread final {
 public:
  explicit CallThread(std::unique_ptr<grpc::ServerCompletionQueue> queue);
  ~CallThread();

  void Start();
  // Abandons what is left and ends the thread. The queue's server must have been shut down, so that
  // no new call comes; it does not wait for calls whose clients are gone, this does.
  void Join();

  grpc::ServerCompletionQueue* queue() { return queue_.get(); }
  const std::shared_ptr<Inbox>& inbox() { return inbox_; }
  PublishCounters& counters() { return counters_; }
  const PublishCounters& counters() const { return counters_; }
  ReceiveCounters& receive_counters() { return receive_counters_; }
  // Runs `task` on this thread; drops it after Join. Thread: any.
  void Run(Inbox::Task task) { inbox_->Post(std::move(task)); }

  // Tells every call to drain, those to come as well, and abandons what is left at `deadline`.
  // Returns when they have been told.
  void Drain(std::chrono::system_clock::time_point deadline);

  // Once, at the end of this turn. Thread: own.
  void FlushLater(Flushable* flushable) { flushables_.push_back(flushable); }
  bool is_draining() const { return draining_; }
  bool is_abandoning() const { return abandoning_; }

 private:
  friend class Call;
  void Loop();
  void FlushAll();
  void ReadInbox(bool ok);
  void OnGraceEnded(bool expired);
  void AbandonAll();
  void RunAndWait(Inbox::Task task);
  // Calls `action` for every call, which may end that call.
  template <typename Action>
  void ForEachCall(const Action& action);

  StepOf<CallThread, &CallThread::ReadInbox> read_inbox_{this};
  StepOf<CallThread, &CallThread::OnGraceEnded> grace_ended_{this};
  const std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  const std::shared_ptr<Inbox> inbox_;  // shared with appends, which may outlive the gateway
  std::thread thread_;
  PublishCounters counters_;
  ReceiveCounters receive_counters_;

  // Own thread only.
  std::vector<Flushable*> flushables_;
  std::vector<Flushable*> flushing_;
  Call* calls_ = nullptr;  // those that have a client
  bool draining_ = false;
  bool abandoning_ = false;
  grpc::Alarm grace_alarm_;
  size_t call_count_ = 0;        // those that wait for a client included
  std::latch* ended_ = nullptr;  // told when the last call has ended
};

}  // namespace sluice::gateway
