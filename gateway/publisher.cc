#include "gateway/publisher.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "core/channel.h"
#include "core/status.h"
#include "gateway/publish_request.h"
#include "gateway/rpc_status.h"
#include "gateway/validation.h"

namespace sluice::gateway {
namespace {

// The log's answer. Thread: any; on the owner's own thread it may come within EventLog::Append.
void Complete(Append* append, absl::StatusOr<ingest::Appended> result) {
  append->result = std::move(result);
  if (append->inbox->IsCurrent() && append->in_call) {
    append->pending = false;
    return;
  }
  const std::shared_ptr<Inbox> inbox = append->inbox;  // Post may free the append
  inbox->Post(append);
}

absl::Status Decode(std::string_view message, uint32_t max_event_bytes,
                    PublishRequestView* request) {
  SLUICE_RETURN_IF_ERROR(DecodePublishRequest(message, request));
  return ValidatePublishRequest(*request, max_event_bytes);
}

PublishOutcome OutcomeOf(const absl::StatusOr<ingest::Appended>& result) {
  if (!result.ok()) return FailureOf(result.status()).outcome;
  return result->duplicate ? PublishOutcome::kDuplicate : PublishOutcome::kOk;
}

}  // namespace

AppendTimes Publisher::TimesOf(WallTime call_deadline) const {
  const SteadyTime now = clock_.Steady();
  if (call_deadline == WallTime::max()) return {now, now + options_.max_append_time};
  return {now, now + (call_deadline - clock_.Wall())};
}

AppendTimes Publisher::StreamedTimesOf(WallTime call_deadline) const {
  const AppendTimes times = TimesOf(call_deadline);
  return {times.started, std::min(times.deadline, times.started + options_.max_append_time)};
}

void Publisher::Begin(std::string_view message, AppendTimes times, Append* append,
                      PublishCounters* counters) {
  append->started = times.started;
  PublishRequestView request;
  if (absl::Status status = Decode(message, options_.max_event_bytes, &request); !status.ok()) {
    append->result = std::move(status);
    return;
  }
  if (times.started >= times.deadline) {
    append->result = absl::DeadlineExceededError("the deadline passed before the append");
    return;
  }
  const uint64_t bytes = message.size() + kCallBytes;
  if (!budget_.Take(bytes)) {
    append->result = absl::ResourceExhaustedError("too many bytes wait for the log");
    return;
  }
  append->bytes = bytes;
  append->pending = true;
  append->in_call = true;
  counters->appends_in_flight.Add();
  const ChannelKind kind = request.target == PublishRequestView::Target::kUser
                               ? ChannelKind::kUser
                               : ChannelKind::kTopic;
  log_->Append(
      {.channel = {kind, request.target_name},
       .type = request.type,
       .data = request.data,
       .idempotency_key = request.idempotency_key,
       .deadline = times.deadline,
       .announce_later = true},
      [append](absl::StatusOr<ingest::Appended> result) { Complete(append, std::move(result)); });
  append->in_call = false;
}

void Publisher::End(const Append& append, PublishCounters* counters) {
  counters->outcomes[static_cast<size_t>(OutcomeOf(append.result))].Add();
  counters->duration.Observe(clock_.Steady() - append.started);
  if (append.bytes == 0) return;  // it never came to the log
  counters->appends_in_flight.Subtract();
  budget_.Release(append.bytes);
}

}  // namespace sluice::gateway
