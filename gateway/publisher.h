#pragma once

#include <grpcpp/server_context.h>

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "core/byte_budget.h"
#include "core/clock.h"
#include "core/logging.h"
#include "core/options.h"
#include "gateway/append.h"
#include "gateway/publish_counters.h"
#include "gateway/publisher_table.h"
#include "ingest/event_log.h"

namespace sluice::gateway {

// What a call that waits for the log costs beside its message: gRPC's own state and ours.
inline constexpr uint64_t kCallBytes = 4096;

// What an append takes from the call that it came with.
struct CallFacts {
  SteadyTime started;
  SteadyTime deadline;           // max: none
  std::string_view traceparent;  // borrowed from the call; empty: none
  // Whose call it is, or why it is nobody's; owned by the publisher.
  absl::StatusOr<const PublisherGrant*> grant = nullptr;
};

// What every event goes through, whatever call it came with: decode, check, authorise, admit,
// append, count.
// Thread: any. Owner: Gateway.
class Publisher final {
 public:
  // What it is pointed to outlives the publisher.
  struct Parts {
    GatewayOptions options;
    PublisherTable publishers;
    ingest::EventLog* log;
    ingest::EventLog* revocations;  // null: nothing can be revoked
    Logger* logger;                 // null: silent
    const Clock& clock;
  };
  explicit Publisher(Parts parts)
      : options_(parts.options),
        publishers_(std::move(parts.publishers)),
        log_(parts.log),
        revocations_(parts.revocations),
        logger_(parts.logger),
        clock_(parts.clock),
        budget_(options_.max_in_flight_bytes) {}

  // Of an event that arrives now: too late for the log at the deadline of its call or, if it has
  // none, after `max_append_time`.
  CallFacts FactsOf(const grpc::ServerContext& call) const;
  // Of a call that outlasts its events, and of an event of it that arrives now: too late at the
  // deadline of the call or after `max_append_time`, whichever comes first.
  CallFacts StreamFactsOf(const grpc::ServerContext& call) const;
  CallFacts StreamedFactsOf(const CallFacts& stream) const;

  // Appends the event of one sluice.v1.PublishRequest; `message` is needed only for the length of
  // this call. Either `append->result` is there when it returns, or the append is `pending` and its
  // owner hears of it later. `counters` are those of the calling thread.
  void Begin(std::string_view message, const CallFacts& call, Append* append,
             PublishCounters* counters);
  // Appends a revocation, checked but for the right to it, to the log of revocations; otherwise as
  // Begin.
  struct Revocation {
    bool is_user;  // else a token
    std::string_view id;
    std::string_view reason;
  };
  void BeginRevocation(const Revocation& revocation, const CallFacts& call, Append* append,
                       PublishCounters* counters);
  // After one or more Begin: lets browsers have the events, together.
  void Announce() { log_->Announce(); }
  // Counts and logs the results of appends that are answered together, and frees what they held.
  void End(std::span<const OwnedAppend> appends, PublishCounters* counters);

  const GatewayOptions& options() const { return options_; }
  ByteBudget& budget() { return budget_; }

 private:
  // Hands `request`, of a message of this size, to `log`.
  void Submit(ingest::EventLog* log, const ingest::AppendRequest& request, size_t message_bytes,
              Append* append, PublishCounters* counters);
  void Log(const Append& append);

  const GatewayOptions options_;
  const PublisherTable publishers_;
  ingest::EventLog* const log_;
  ingest::EventLog* const revocations_;
  Logger* const logger_;
  const Clock& clock_;
  ByteBudget budget_;
};

}  // namespace sluice::gateway
