#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <nats/nats.h>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "core/event.h"
#include "core/logging.h"
#include "core/mutex.h"
#include "core/options.h"
#include "ingest/nats_link.h"
#include "ingest/nats_message.h"
#include "ingest/nats_servers.h"

namespace sluice::ingest {

// What a connection tells its user. All calls come from the connection's own thread; none may block
// for long, because nothing is read meanwhile.
class NatsHandler {
 public:
  virtual ~NatsHandler() = default;
  // Now, and again after each OnDisconnected. The inbox is subscribed to.
  virtual void OnConnected() = 0;
  // What was published and not answered may or may not have arrived.
  virtual void OnDisconnected() = 0;
  // A message below the inbox, or to what else was listened to. It lives until OnBatchEnd returns.
  virtual void OnMessage(const NatsMessage& message) = 0;
  // In place of a message whose status is 503 and whose body is empty, which nats.c keeps to
  // itself: nobody listens where something below the inbox was the reply subject of, or
  // (`is_delivery`) somebody has published such a message and it is the next one delivered (see
  // Listen).
  virtual void OnNoResponders(bool is_delivery) = 0;
  // Everything that one read brought has been handed over.
  virtual void OnBatchEnd() {}
  // At least every kTick, also without a connection.
  virtual void OnTick(SteadyTime now) = 0;
};

struct NatsHeader {
  const char* name;
  std::string value;  // without CR, LF and NUL
};

// One link to NATS, driven by a thread of its own through nats.c's interface for event loops: no
// flusher (which holds back a lone publish for up to 1 ms), no delivery threads, no queue that
// drops in silence. Whenever the link ends, for whatever reason, a new one is made: without end,
// with jitter, to any server that is configured or that the last one told of. A link on which
// nothing comes back for kLinkPatience is ended, and one to a server that cannot do its work (see
// SetServed). Owner: who it calls. Thread: as each function says.
class NatsConnection {
 public:
  static constexpr std::chrono::milliseconds kTick{20};
  static constexpr std::chrono::milliseconds kProbeInterval{1'000};
  static constexpr std::chrono::milliseconds kLinkPatience{4'000};
  static constexpr std::chrono::milliseconds kUnservedPatience{5'000};
  static constexpr std::chrono::milliseconds kStopPatience{500};

  struct Parts {
    NatsOptions options;
    std::string name;   // as NATS lists it
    std::string inbox;  // prefix of what it listens to: `sluice.<ns>.inbox.<role>`
    // More subjects whose messages it gets; of what is read at once, before those to the inbox.
    std::vector<std::string> also = {};
    NatsHandler* handler;  // outlives the connection
    Logger* logger;        // null: silent
  };
  // INVALID_ARGUMENT if the options cannot be used: a file that cannot be read, for example.
  // Thread: any.
  static absl::StatusOr<std::unique_ptr<NatsConnection>> Create(const Parts& parts);
  ~NatsConnection();

  // Starts the thread, which makes the first link and calls the handler. Once.
  void Start();
  // Ends the calls to the handler and waits for the last one, which is OnDisconnected if there was
  // a link. What was published before is sent, and read by the server unless that takes longer than
  // kStopPatience. Idempotent. Thread: any but the connection's.
  void Stop();

  // A subject of this connection alone; OnMessage gets what is sent below it.
  const std::string& inbox() const { return inbox_; }
  // A name that no other connection has.
  const std::string& token() const { return token_; }
  // OnMessage also gets what is delivered to the subject that this returns, in place of that of the
  // call before. A consumer delivers only where somebody listens to that very subject: a wildcard
  // does not count. Until the link ends. Thread: the connection's.
  absl::StatusOr<std::string> Listen();
  // OnMessage also gets what is sent to `subject`, over this link and those that follow, until
  // Unsubscribe. Each subject costs a look at every turn that reads. Not within a call to the
  // handler. Thread: the connection's.
  void Subscribe(const std::string& subject);
  void Unsubscribe(const std::string& subject);

  // Whether JetStream does what the handler asks of it over this link; at first it is taken to. A
  // link over which it has not for kUnservedPatience is left for another server, if one is known:
  // this one may be cut off from its cluster. Thread: the connection's.
  void SetServed(bool is_served);

  // Has the message sent at the next turn of the thread, which Flush brings about. UNAVAILABLE
  // while there is no link: nothing is kept for later. INVALID_ARGUMENT if the server takes no
  // message as large as that. Thread: any.
  absl::Status Publish(const std::string& subject, const std::string& reply, std::string_view data,
                       const std::vector<NatsHeader>& headers = {})
      ABSL_LOCKS_EXCLUDED(link_mutex_);
  // Wakes the thread, if it sleeps. Thread: any.
  void Flush();
  // Calls `task` on the connection's thread; drops it after the end. Thread: any.
  void Post(absl::AnyInvocable<void()> task) ABSL_LOCKS_EXCLUDED(task_mutex_);

  bool is_connected() const { return is_connected_.load(std::memory_order_acquire); }
  // Links after the first one.
  uint64_t reconnects() const { return reconnects_.load(std::memory_order_relaxed); }
  // Messages that nats.c threw away because too many waited: none, or a defect.
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  explicit NatsConnection(const Parts& parts);

  void Run();
  void Wait();
  int UntilTick() const;
  void TryConnect(SteadyTime now);
  absl::StatusOr<std::unique_ptr<NatsLink>> Connect();
  void SendTheRest();
  void Disconnect();
  void WriteIfWanted();
  void ReadMessages();
  void RunTasks() ABSL_LOCKS_EXCLUDED(task_mutex_);
  void Tick(SteadyTime now);
  void CheckLink(SteadyTime now);
  void Leave();
  natsStatus Send(natsConnection* connection, const std::string& subject, const std::string& reply,
                  std::string_view data, const std::vector<NatsHeader>& headers);

  // Called by nats.c with its lock held, on any thread.
  static natsStatus OnAttach(void** data, void* loop, natsConnection* connection, natsSock socket);
  static natsStatus OnRead(void* data, bool add);
  static natsStatus OnWrite(void* data, bool add);
  static natsStatus OnDetach(void* data);

  // Constant after construction.
  const NatsOptions options_;
  const std::string name_;
  NatsHandler* const handler_;
  Logger* const logger_;
  const std::string token_;
  const std::string own_subject_;  // prefix of all subjects of this connection
  const std::string inbox_;
  const std::vector<std::string> also_;
  const std::string probe_;  // what is sent to ourselves to see whether the link lives
  const int epoll_;
  const int wake_;

  std::atomic<bool> write_wanted_{false};
  std::atomic<bool> is_awake_{true};
  std::atomic<bool> is_connected_{false};
  std::atomic<bool> is_stopping_{false};
  std::atomic<uint64_t> reconnects_{0};
  std::atomic<uint64_t> dropped_{0};
  std::atomic<int> socket_{-1};

  Mutex link_mutex_;  // held by publishers while they use the link, by the thread to change it
  natsConnection* publishing_ ABSL_GUARDED_BY(link_mutex_) = nullptr;  // link_'s, or null
  Mutex task_mutex_;
  std::vector<absl::AnyInvocable<void()>> tasks_ ABSL_GUARDED_BY(task_mutex_);

  // The thread's own.
  std::unique_ptr<NatsLink> link_;
  NatsServers servers_;
  std::set<std::string> subjects_;  // subscribed to, with or without a link
  std::vector<NatsMessage> read_;   // in this turn
  uint64_t listens_ = 0;
  bool watches_writable_ = false;
  int failed_attempts_ = 0;
  SteadyTime next_attempt_{};
  SteadyTime last_tick_{};
  SteadyTime last_received_{};
  SteadyTime last_probe_{};
  std::optional<SteadyTime> unserved_since_;
  std::thread thread_;
};

}  // namespace sluice::ingest
