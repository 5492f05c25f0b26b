#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/event.h"
#include "core/name_pattern.h"

namespace sluice::ingest {

// What a browser sent to backends.
struct ClientMessage {
  std::string user_id;      // 1-256 bytes, as authenticated by the edge
  std::string destination;  // e.g. `chat.send` of `/app/chat.send`; see ValidateDestination
  std::string data;         // opaque
  WallTime time;            // when the edge took it
  std::string connection;   // names the session that sent it, for logs and replies; no secret
};

// One attempt to have a message handled.
struct ClientDelivery {
  std::string id;        // of the message: the same in each attempt; names it in Acknowledge
  uint32_t attempt = 1;  // from 1; some may not have reached any receiver
  ClientMessage message;
};

// Called exactly once, from Append or later from a thread of the queue; must not block. OK: stored.
// UNAVAILABLE: may or may not be stored; RESOURCE_EXHAUSTED: full, not stored; INVALID_ARGUMENT: a
// destination or a user id that cannot be, or more data than the queue takes in one message.
using ClientMessageDone = absl::AnyInvocable<void(absl::Status)>;

// Where a receiver's messages go. Calls come from the queue's thread, one after the other; none may
// block, nor destroy the receiver.
class ClientMessageSink {
 public:
  virtual ~ClientMessageSink() = default;
  virtual void OnMessage(ClientDelivery delivery) = 0;
  // The last call: the queue gives this receiver nothing more, and what it holds goes to another.
  // FAILED_PRECONDITION and UNAVAILABLE as of OpenReceiver, if it took longer to find out. Not
  // called because of the receiver's end.
  virtual void OnClosed(absl::Status why) = 0;
};

// One backend's share of a group. Destroying it stops the calls, waits for the last, and has what
// was neither acknowledged nor rejected delivered to another of the group at once. Thread: any.
class ClientMessageReceiver {
 public:
  virtual ~ClientMessageReceiver() = default;
  // The message is done with. Unknown ids, and those whose time was over, are ignored.
  virtual void Acknowledge(const std::string& id) = 0;
  // It could not be handled: it is delivered again after a while, or never if `discard`.
  virtual void Reject(const std::string& id, bool discard) = 0;
};

// Why a receiver is refused where others receive, for its backend to read.
inline constexpr char kDestinationsTaken[] =
    "another group receives some of these destinations, or this group others";

struct ReceiverOptions {
  // `*`, a name, or a prefix up to a dot and `*`: `chat.*` takes `chat.send` and `chat.a.b`, not
  // `chat`.
  NamePattern destinations = NamePattern::Any();
  // 1-64 of [A-Za-z0-9_-]: receivers of one group and the same destinations share the messages.
  std::string group;
  uint32_t window = 100;  // at most so many that are neither acknowledged nor rejected; from 1
};

// Messages of browsers on their way to backends: stored once accepted, delivered at least once to
// one receiver of a group, in order per user and group: a user's next message waits until the one
// before is acknowledged, discarded or too old. What no group takes waits for one until it is too
// old. Stopping: destroy all receivers, then the queue. Thread: any.
class ClientMessageQueue {
 public:
  virtual ~ClientMessageQueue() = default;
  virtual void Append(ClientMessage message, ClientMessageDone done) = 0;
  // `sink` outlives the receiver. Does not block: what it cannot find out at once comes as
  // OnClosed. INVALID_ARGUMENT: see ValidateReceiver. FAILED_PRECONDITION: another group takes some
  // of the same destinations, but a message has one group alone.
  // UNAVAILABLE: the queue is away. RESOURCE_EXHAUSTED: too many groups.
  virtual absl::StatusOr<std::unique_ptr<ClientMessageReceiver>> OpenReceiver(
      const ReceiverOptions& options, ClientMessageSink* sink) = 0;
};

// INVALID_ARGUMENT unless `destination` is a channel's name (core/channel.h) of tokens with a dot
// between, none of them empty. Thread: any.
absl::Status ValidateDestination(std::string_view destination);
// The same for everything that Append takes.
absl::Status ValidateClientMessage(const ClientMessage& message);
// INVALID_ARGUMENT unless the options are as ReceiverOptions says. `chat*` is refused: a queue that
// sorts by tokens cannot say it.
absl::Status ValidateReceiver(const ReceiverOptions& options);
// Whether some destination matches both.
bool Overlap(const NamePattern& a, const NamePattern& b);

}  // namespace sluice::ingest
