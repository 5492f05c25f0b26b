#pragma once

#include <cstdint>
#include <string_view>

#include "core/clock.h"
#include "core/options.h"
#include "gateway/append.h"
#include "gateway/byte_budget.h"
#include "gateway/publish_counters.h"
#include "ingest/event_log.h"

namespace sluice::gateway {

// What a call that waits for the log costs beside its message: gRPC's own state and ours.
inline constexpr uint64_t kCallBytes = 4096;

struct AppendTimes {
  SteadyTime started;
  SteadyTime deadline;
};

// What every event goes through, whatever call it came with: decode, check, admit, append, count.
// Thread: any. Owner: Gateway.
class Publisher final {
 public:
  // `log` and `clock` outlive the publisher.
  Publisher(const GatewayOptions& options, ingest::EventLog* log, const Clock& clock)
      : options_(options), log_(log), clock_(clock), budget_(options.max_in_flight_bytes) {}

  // Of an event that arrives now: too late for the log at the deadline of its call or, if it has
  // none (WallTime::max()), after `max_append_time`.
  AppendTimes TimesOf(WallTime call_deadline) const;
  // Of an event of a call that outlasts it: whichever comes first.
  AppendTimes StreamedTimesOf(WallTime call_deadline) const;

  // Appends the event of one sluice.v1.PublishRequest; `message` is needed only for the length of
  // this call. Either `append->result` is there when it returns, or the append is `pending` and its
  // owner hears of it later. `counters` are those of the calling thread.
  void Begin(std::string_view message, AppendTimes times, Append* append,
             PublishCounters* counters);
  // After one or more Begin: lets browsers have the events, together.
  void Announce() { log_->Announce(); }
  // Counts the result of an append, once it is answered, and frees what it held.
  void End(const Append& append, PublishCounters* counters);

  const GatewayOptions& options() const { return options_; }

 private:
  const GatewayOptions options_;
  ingest::EventLog* const log_;
  const Clock& clock_;
  ByteBudget budget_;
};

}  // namespace sluice::gateway
