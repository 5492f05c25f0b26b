#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/event.h"
#include "core/name_pattern.h"

namespace sluice::ingest {

// What a browser sent to backends.
struct ClientMessage {
  std::string user_id;      // 1-256 bytes, as authenticated by the edge
  std::string destination;  // 1-256 bytes, e.g. `chat.send` of `/app/chat.send`
  std::string data;         // opaque
  WallTime time;            // when the edge took it
  std::string connection;   // names the session that sent it, for logs and replies; no secret
};

// One attempt to have a message handled.
struct ClientDelivery {
  std::string id;        // of the message: the same in each attempt; names it in Acknowledge
  uint32_t attempt = 1;  // from 1
  ClientMessage message;
};

// Called exactly once, from Append or later from a thread of the queue; must not block. OK: stored.
// UNAVAILABLE: may or may not be stored; RESOURCE_EXHAUSTED: full, not stored.
using ClientMessageDone = absl::AnyInvocable<void(absl::Status)>;

// Where a receiver's messages go. Calls come from the queue's thread or from that of Append, one
// after the other; none may block.
class ClientMessageSink {
 public:
  virtual ~ClientMessageSink() = default;
  virtual void OnMessage(ClientDelivery delivery) = 0;
  // The last call: the queue gives this receiver nothing more.
  virtual void OnClosed(absl::Status why) = 0;
};

// One backend's share of a group. Destroying it stops the calls, waits for the last, and has what
// was neither acknowledged nor rejected delivered to another of the group. Thread: any.
class ClientMessageReceiver {
 public:
  virtual ~ClientMessageReceiver() = default;
  // The message is done with. Unknown ids, and those whose time was over, are ignored.
  virtual void Acknowledge(const std::string& id) = 0;
  // It could not be handled: it is delivered again after a while, or never if `discard`.
  virtual void Reject(const std::string& id, bool discard) = 0;
};

struct ReceiverOptions {
  NamePattern destinations = NamePattern::Any();
  std::string group;      // 1-64 of [A-Za-z0-9_-]: receivers of one group share its messages
  uint32_t window = 100;  // at most so many that are neither acknowledged nor rejected
};

// Messages of browsers on their way to backends: stored once accepted, delivered at least once to
// one receiver of a group, in order per user: a user's next message waits until the one before is
// acknowledged or discarded. Stopping: destroy all receivers, then the queue. Thread: any.
class ClientMessageQueue {
 public:
  virtual ~ClientMessageQueue() = default;
  virtual void Append(ClientMessage message, ClientMessageDone done) = 0;
  // `sink` outlives the receiver. FAILED_PRECONDITION: another group takes some of the same
  // destinations; a message has one group alone. UNAVAILABLE: the queue is away.
  virtual absl::StatusOr<std::unique_ptr<ClientMessageReceiver>> OpenReceiver(
      const ReceiverOptions& options, ClientMessageSink* sink) = 0;
};

}  // namespace sluice::ingest
