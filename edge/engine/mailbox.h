#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <latch>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "core/cursor.h"
#include "core/event.h"
#include "core/mutex.h"
#include "edge/auth/revocation_table.h"
#include "edge/http/route.h"
#include "edge/protocol.h"
#include "edge/renewal.h"

namespace sluice::edge {

class AnswerQueue;
class Shard;

// What other threads tell a shard.
struct LogEpoch {
  Epoch epoch;
  uint64_t first_sequence;
};
struct LogEvents {
  std::shared_ptr<const EventBatch> batch;
};
struct LogHole {
  uint64_t last;
};
struct LogHead {
  uint64_t last_sequence;
};
// The answer of a route to the request that connection `id` on `fd` waits for.
struct RouteAnswer {
  int fd;
  uint64_t id;
  HttpResponse response;
};
// Ends the sessions that it covers.
struct Revoked {
  std::shared_ptr<const Revocation> revocation;  // shared by the shards
};
// Ends all sessions, evenly over `window`; each shard counts `done` down once.
struct DrainShard {
  std::chrono::milliseconds window;
  std::shared_ptr<std::latch> done;  // shared by the shards and who waits
};
// A new token for the session that it names; `done` is told what became of it.
struct RenewSession {
  std::shared_ptr<const Renewal> renewal;
  std::function<void(RenewalResult)> done;  // thread: shard
};
// What became of the message `number` that a client of `to` sent.
struct SendAnswered {
  std::weak_ptr<AnswerQueue> to;  // of a session that may have ended
  uint64_t number;
  Protocol protocol;
  absl::Status status;
};
// Ends a tenth of the sessions whose sockets take nothing, at least one: the slowest.
struct EndSlowest {};
struct StopShard {};
// Anything else that is to be done on the shard's thread.
struct RunTask {
  std::function<void(Shard*)> run;
};
using Message =
    std::variant<LogEpoch, LogEvents, LogHole, LogHead, RouteAnswer, Revoked, RenewSession,
                 SendAnswered, EndSlowest, DrainShard, StopShard, RunTask>;

// The way into a shard. One message per batch and shard, never per session. The shard sleeps in
// epoll and is woken through an eventfd, only if it sleeps. Thread: Post any, the rest shard.
class Mailbox {
 public:
  // More than this in waiting makes Post of events wait: the log keeps them meanwhile.
  static constexpr uint64_t kMaxEventBytes = 16u << 20;

  // `wake_fd`: an eventfd that the shard polls; owned by the caller.
  explicit Mailbox(int wake_fd) : wake_fd_(wake_fd) {}

  // Blocks while too many event bytes wait, unless the mailbox is closed; then drops the message.
  void Post(Message message) ABSL_LOCKS_EXCLUDED(mutex_);
  // Takes all messages, in order, into `messages` (cleared before).
  void Take(std::vector<Message>* messages) ABSL_LOCKS_EXCLUDED(mutex_);
  // To be called before sleeping; false: something has come, do not sleep.
  bool PrepareToSleep() ABSL_LOCKS_EXCLUDED(mutex_);
  void Awake() { asleep_.store(false, std::memory_order_relaxed); }
  // From now on messages are dropped and nobody waits.
  void Close() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  const int wake_fd_;
  std::atomic<bool> asleep_{false};
  Mutex mutex_;
  Condition room_;  // something was taken, or the mailbox closed
  std::vector<Message> messages_ ABSL_GUARDED_BY(mutex_);
  uint64_t waiting_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

// The way into a mailbox for who may outlive it. Thread: any.
class MailboxPort {
 public:
  explicit MailboxPort(Mailbox* mailbox) : mailbox_(mailbox) {}

  // Drops the message once it is closed. Not for events: those may wait.
  void Post(Message message) ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    if (mailbox_ != nullptr) mailbox_->Post(std::move(message));
  }
  // To be called before the mailbox goes.
  void Close() ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    mailbox_ = nullptr;
  }

 private:
  Mutex mutex_;
  Mailbox* mailbox_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sluice::edge
