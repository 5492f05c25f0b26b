#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "absl/status/statusor.h"

namespace sluice::ingest {

// The answers of JetStream (NATS ADR-8). They come from outside: nothing is taken for granted.
// Thread: any.

// Any answer of the API. NOT_FOUND: no such stream or consumer; UNAVAILABLE: it cannot say now;
// ALREADY_EXISTS: another consumer takes some of the same messages of a work queue;
// FAILED_PRECONDITION: it refuses; INTERNAL: not such an answer.
absl::StatusOr<boost::json::object> ParseJetstreamAnswer(std::string_view answer);

// The answer to an append. UNAVAILABLE unless it was stored; INVALID_ARGUMENT if it never can be;
// RESOURCE_EXHAUSTED if the stream is full.
struct AppendAnswer {
  uint64_t sequence;
  bool is_duplicate;
};
absl::StatusOr<AppendAnswer> ParseAppendAnswer(std::string_view answer);

// A consumer, as the answer to CONSUMER.INFO describes it.
struct ConsumerState {
  uint64_t delivered;   // deliveries so far, each attempt counted
  uint64_t unanswered;  // messages that were delivered and neither acknowledged nor given up
};
absl::StatusOr<ConsumerState> ParseConsumerState(std::string_view answer);

// What the reply subject of a delivered message says (NATS ADR-15): $JS.ACK, then perhaps domain
// and account, then stream, consumer, deliveries, sequence, consumer sequence, time, pending.
struct DeliveryPosition {
  std::string_view consumer;   // of the reply subject
  uint64_t deliveries;         // of this message, with this one
  uint64_t sequence;           // in the stream
  uint64_t consumer_sequence;  // 1 for the first message of a consumer, then rising by one
  int64_t stored_ns;           // Unix time
  uint64_t pending;            // messages behind this one
};
// nullopt unless it has that form.
std::optional<DeliveryPosition> ParseDeliveryPosition(std::string_view reply);

}  // namespace sluice::ingest
