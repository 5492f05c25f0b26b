#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/name_pattern.h"
#include "core/options.h"
#include "ingest/client_message_queue.h"
#include "ingest/jetstream_stream.h"
#include "ingest/nats_connection.h"
#include "ingest/nats_message.h"

namespace sluice::ingest {

// The JetStream stream SLUICE_<NS>_INBOX, which holds what browsers sent until a backend has dealt
// with it, and how a message lies in it (docs/protocol.md, "NATS"). The subject is
// `sluice.<ns>.in.<partition>.<destination>`: the partition is of the user, so that all of a user's
// messages are in one; the destination's tokens stay tokens, each written as in event_subject.h.
// Headers:
//   Sluice-User         who sent it, written like a token
//   Sluice-Connection   the session that sent it, written like a token, if it is not empty
//   Sluice-Time         when the edge took it, Unix nanoseconds
// Thread: any (immutable).
class ClientMessageStream final : public JetstreamStream {
 public:
  // A group has a consumer for each, with one message of it under way: so many users of a group
  // can be served at once. All processes must have the same.
  static constexpr uint32_t kPartitions = 32;

  ClientMessageStream(const ClientMessageOptions& options, const NatsOptions& nats);

  const ClientMessageOptions& options() const { return options_; }
  const NatsOptions& nats_options() const { return nats_; }

  static uint32_t PartitionOf(std::string_view user_id);
  std::string Subject(const ClientMessage& message) const;
  static std::vector<NatsHeader> Headers(const ClientMessage& message);
  // INVALID_ARGUMENT if it is no client message; anyone may publish to the stream.
  absl::StatusOr<ClientMessage> Parse(const NatsMessage& message) const;

  // `<group>-<hash of the destinations>-`; the number of the partition makes it a consumer's name.
  static std::string ConsumerPrefix(const ReceiverOptions& options);
  // The body of DURABLE.CREATE: deliveries on request, one unacknowledged at a time, gone some time
  // after the last request. Created again it is as it was.
  std::string ConsumerRequest(std::string_view consumer, const NamePattern& destinations,
                              uint32_t partition) const;
  // Of a consumer that nobody asks any more.
  std::chrono::milliseconds idle_time() const;
  // The body of MSG.NEXT: one message, or the answer 408 after `expires`.
  static std::string PullRequest(std::chrono::nanoseconds expires);

 private:
  // What the destinations look like in a subject: `>`, `chat.>` or `chat.send`.
  static std::string Filter(const NamePattern& destinations);

  const ClientMessageOptions options_;
  const NatsOptions nats_;
  const std::string prefix_;  // `sluice.<ns>.in.`
};

}  // namespace sluice::ingest
