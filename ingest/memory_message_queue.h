#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "core/clock.h"
#include "core/mutex.h"
#include "core/options.h"
#include "ingest/client_message_queue.h"

namespace sluice::ingest {

// The queue in the process's own memory, for one process that is gateway and edge at once: gone
// with the process. Appends are answered within the call. A group is there as long as it has a
// receiver; what it leaves waits for another one. Thread: any; one of its own calls all sinks.
// Owner: app.
class MemoryMessageQueue final : public ClientMessageQueue, public prometheus::Collectable {
 public:
  static constexpr size_t kMaxGroups = 1'000;

  // `clock` outlives the queue.
  explicit MemoryMessageQueue(const ClientMessageOptions& options,
                              const Clock& clock = Clock::System());
  ~MemoryMessageQueue() override;

  void Append(ClientMessage message, ClientMessageDone done) override ABSL_LOCKS_EXCLUDED(mutex_);
  absl::StatusOr<std::unique_ptr<ClientMessageReceiver>> OpenReceiver(
      const ReceiverOptions& options, ClientMessageSink* sink) override ABSL_LOCKS_EXCLUDED(mutex_);

  struct Stats {
    uint64_t messages = 0;  // stored now
    uint64_t bytes = 0;     // of these
    uint64_t stored = 0;    // since the start, as all that follow
    uint64_t refused = 0;   // because it was full
    uint64_t delivered = 0;
    uint64_t redelivered = 0;  // of these, not for the first time
    uint64_t acknowledged = 0;
    uint64_t discarded = 0;  // by a receiver
    uint64_t expired = 0;    // too old before they were acknowledged
  };
  Stats GetStats() const ABSL_LOCKS_EXCLUDED(mutex_);
  // The stats as metrics sluice_ingest_client_messages*.
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  class MemoryReceiver;
  struct Lane;
  struct Group;

  // When something is due for a message. All of a list wait equally long, so they are in order.
  struct Timer {
    SteadyTime due;
    uint64_t sequence;
  };
  using Timers = std::list<Timer>;

  enum class State : uint8_t {
    kWaiting,   // for a group, for its turn in the lane, or for a receiver
    kInFlight,  // a receiver has it: timer in ack_timers_
    kPaused,    // was rejected: timer in retry_timers_
  };
  struct Stored {
    ClientMessage message;
    uint64_t bytes;
    SteadyTime expires;
    State state = State::kWaiting;
    uint32_t attempts = 0;
    Lane* lane = nullptr;              // null while no group takes it
    MemoryReceiver* holder = nullptr;  // while in flight
    uint64_t last_receiver = 0;        // number of the one that had it last
    Timers::iterator timer = {};
  };
  using Messages = std::map<uint64_t, Stored>;  // by sequence

  // One user's messages of a group, in order; the first may be in flight or paused, the others
  // wait.
  struct Lane {
    Group* group;
    std::string user_id;
    std::deque<uint64_t> messages = {};  // sequences
    bool is_ready = false;               // in the group's list at `place`
    std::list<Lane*>::iterator place = {};
  };
  struct Group {
    std::string name;
    NamePattern destinations;
    std::vector<MemoryReceiver*> receivers = {};
    size_t next_receiver = 0;
    std::map<std::string, Lane, std::less<>> lanes = {};  // by user id
    std::list<Lane*> ready = {};  // lanes whose first message waits for a receiver
  };
  struct Call {
    MemoryReceiver* receiver;
    ClientDelivery delivery;
  };

  void Run();
  bool Step() ABSL_LOCKS_EXCLUDED(mutex_);
  void WaitLocked(SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Does what is due by `now`.
  void RunTimersLocked(SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ExpireLocked(SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::StatusOr<Group*> JoinGroupLocked(const ReceiverOptions& options)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void LeaveGroupLocked(MemoryReceiver* receiver) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DissolveLocked(Group* group) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Group* FindGroupLocked(std::string_view destination) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EnterLaneLocked(Group* group, uint64_t sequence, Stored* stored)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // What the thread is to do next; nullopt if no waiting message has a receiver with room.
  std::optional<Call> TakeLocked(SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The next in turn with room, not the one that had the message last if there is another.
  MemoryReceiver* ChooseLocked(Group* group, uint64_t last_receiver)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // A released message: waits for a receiver, before others, or goes if it is too old.
  void ReturnLocked(Messages::iterator message, SteadyTime now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SetReadyLocked(Lane* lane, bool is_first) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Ends the state that it is in: it has no timer and no holder afterwards.
  void ReleaseLocked(Messages::iterator message) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Removes a released message; the next of the lane becomes ready if it was the first.
  void RemoveLocked(Messages::iterator message) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  void OnAcknowledged(MemoryReceiver* receiver, const std::string& id) ABSL_LOCKS_EXCLUDED(mutex_);
  void OnRejected(MemoryReceiver* receiver, const std::string& id, bool discard)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // The message that `receiver` holds under this id.
  std::optional<Messages::iterator> FindHeldLocked(MemoryReceiver* receiver, std::string_view id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Constant after construction.
  const ClientMessageOptions options_;
  const Clock& clock_;
  const std::string id_prefix_;  // `<epoch>-`: ids of an earlier process are not ours

  mutable Mutex mutex_;
  Condition work_;  // the thread has something to do
  Condition idle_;  // a call has ended
  Messages messages_ ABSL_GUARDED_BY(mutex_);
  Timers ack_timers_ ABSL_GUARDED_BY(mutex_);
  Timers retry_timers_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<Group>> groups_ ABSL_GUARDED_BY(mutex_);
  size_t next_group_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t last_sequence_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t last_receiver_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  Stats stats_ ABSL_GUARDED_BY(mutex_);                       // without what is stored now
  MemoryReceiver* called_ ABSL_GUARDED_BY(mutex_) = nullptr;  // whose sink is being called
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace sluice::ingest
