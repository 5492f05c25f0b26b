#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "core/channel.h"
#include "core/cursor.h"
#include "core/event.h"

namespace sluice::ingest {

// What a publisher hands in. The bytes are borrowed for the length of the call to Append.
struct AppendRequest {
  ChannelView channel;
  std::string_view type;  // 0-64 bytes
  std::string_view data;
  std::string_view idempotency_key;   // empty: none; scoped to the channel
  std::string_view traceparent = {};  // W3C trace context, well-formed; empty: none
  SteadyTime deadline = SteadyTime::max();
  bool announce_later = false;  // tails need not see it before the caller's Announce
};

struct Appended {
  Cursor id;               // of the stored event; of the first one if `duplicate`
  bool duplicate = false;  // the key was used on this channel within the idempotency window
};

// Called exactly once, from the calling thread within Append or later from a thread of the log.
// Must not block. Errors: UNAVAILABLE (the log is away), DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED
// (a limit of the log is reached). None of them proves that the event was not stored.
using AppendDone = absl::AnyInvocable<void(absl::StatusOr<Appended>)>;

// Receives the log in order. All calls come from one thread, the tail's; none may block for long.
class TailSink {
 public:
  virtual ~TailSink() = default;
  // The first call, and again whenever the log is a new incarnation: everything that was received
  // before is void. Events below `first_sequence` can no longer be had.
  virtual void OnEpoch(const Epoch& epoch, uint64_t first_sequence) = 0;
  // Events in order, directly after the ones before. Never empty.
  virtual void OnEvents(std::shared_ptr<const EventBatch> batch) = 0;
  // The sequences from `first` to `last` were missed and can no longer be had.
  virtual void OnHole(uint64_t first, uint64_t last) = 0;
  // Everything up to `last_sequence`, which was the end of the log just now, has been received:
  // after the retained events, after each reconnect, and once for each RequestHead.
  virtual void OnHead(uint64_t last_sequence) = 0;
};

// A running tail; destroying it stops the calls to the sink and waits for the last one.
class Tail {
 public:
  virtual ~Tail() = default;
  // Asks for one OnHead. Calls while one is on its way are answered by it if the end of the log is
  // read after them. Thread: any.
  virtual void RequestHead() = 0;
};

// The ordered log of all events of a namespace. Sequences rise strictly, in the order in which
// tails see them. Stopping: destroy all tails, then the log. Thread: any.
class EventLog {
 public:
  virtual ~EventLog() = default;
  virtual void Append(const AppendRequest& request, AppendDone done) = 0;
  // Lets tails see at once what was appended with `announce_later`: a burst that is announced as
  // one reaches the browsers in one write instead of one for each event.
  virtual void Announce() {}
  // Everything retained, then live. `sink` outlives the tail.
  virtual std::unique_ptr<Tail> OpenTail(TailSink* sink) = 0;
};

}  // namespace sluice::ingest
