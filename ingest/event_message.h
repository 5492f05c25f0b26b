#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/event.h"
#include "ingest/event_log.h"
#include "ingest/nats_connection.h"

namespace sluice::ingest {

// How an event lies in a NATS message (docs/protocol.md, "NATS"): the channel in the subject
// (event_subject.h), `data` as the body, the rest in headers:
//   Sluice-Type    the type, if it is not empty
//   Sluice-Time    when it was published, Unix nanoseconds
//   Nats-Msg-Id    idempotency key, scoped to the channel
//   traceparent    W3C trace context
// A type that would not survive as a header's value (spaces around it, control characters) goes as
// `Sluice-Type-Token` instead, written like a name in a subject. Thread: any.
std::vector<NatsHeader> EventHeaders(const AppendRequest& request, WallTime now);

// Why a message of the stream is no event; anyone may publish there.
enum class MessageFault : uint8_t { kSubject, kType, kData };
inline constexpr size_t kMessageFaults = 3;

// The parts of an event in a message, some of them borrowed from it.
struct EventParts {
  Channel channel;
  std::string type;
  WallTime published;  // `stored` if the message does not say, or says what cannot be
};
// INVALID_ARGUMENT if the message is no event; `*fault` says why.
class EventSubject;
absl::StatusOr<EventParts> ParseEventMessage(const NatsMessage& message,
                                             const EventSubject& subject, WallTime stored,
                                             MessageFault* fault);

}  // namespace sluice::ingest
