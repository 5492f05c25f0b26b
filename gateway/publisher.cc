#include "gateway/publisher.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "core/channel.h"
#include "core/status.h"
#include "gateway/publish_request.h"
#include "gateway/rpc_status.h"
#include "gateway/trace_context.h"
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

ChannelKind KindOf(PublishRequestView::Target target) {
  return target == PublishRequestView::Target::kUser ? ChannelKind::kUser : ChannelKind::kTopic;
}

// Who is nobody learns nothing of what is wrong with the request.
absl::Status Check(std::string_view message, const CallFacts& call, uint32_t max_event_bytes,
                   PublishRequestView* request) {
  SLUICE_RETURN_IF_ERROR(call.grant.status());
  SLUICE_RETURN_IF_ERROR(DecodePublishRequest(message, request));
  SLUICE_RETURN_IF_ERROR(ValidatePublishRequest(*request, max_event_bytes));
  return (*call.grant)->Admit(KindOf(request->target), request->target_name, call.started);
}

PublishOutcome OutcomeOf(const absl::StatusOr<ingest::Appended>& result) {
  if (!result.ok()) return FailureOf(result.status()).outcome;
  return result->duplicate ? PublishOutcome::kDuplicate : PublishOutcome::kOk;
}

}  // namespace

CallFacts Publisher::FactsOf(const grpc::ServerContext& call) const {
  CallFacts facts = StreamFactsOf(call);
  if (facts.deadline == SteadyTime::max()) {
    facts.deadline = facts.started + options_.max_append_time;
  }
  return facts;
}

CallFacts Publisher::StreamFactsOf(const grpc::ServerContext& call) const {
  const SteadyTime now = clock_.Steady();
  const WallTime deadline = call.deadline();
  return {.started = now,
          .deadline =
              deadline == WallTime::max() ? SteadyTime::max() : now + (deadline - clock_.Wall()),
          .traceparent = TraceParentOf(call),
          .grant = publishers_.Identify(call)};
}

CallFacts Publisher::StreamedFactsOf(const CallFacts& stream) const {
  CallFacts facts = stream;
  facts.started = clock_.Steady();
  facts.deadline = std::min(stream.deadline, facts.started + options_.max_append_time);
  return facts;
}

void Publisher::Begin(std::string_view message, const CallFacts& call, Append* append,
                      PublishCounters* counters) {
  append->started = call.started;
  if (!call.traceparent.empty()) append->trace_id = TraceIdOf(call.traceparent);
  PublishRequestView request;
  if (absl::Status status = Check(message, call, options_.max_event_bytes, &request);
      !status.ok()) {
    append->result = std::move(status);
    return;
  }
  Submit(log_,
         {.channel = {KindOf(request.target), request.target_name},
          .type = request.type,
          .data = request.data,
          .idempotency_key = request.idempotency_key,
          .traceparent = call.traceparent,
          .deadline = call.deadline,
          .announce_later = true},
         message.size(), append, counters);
}

void Publisher::BeginRevocation(const Revocation& revocation, const CallFacts& call, Append* append,
                                PublishCounters* counters) {
  append->started = call.started;
  absl::Status allowed = call.grant.status();
  if (allowed.ok()) {
    allowed = revocation.is_user ? (*call.grant)->MayDisconnectUser(revocation.id)
                                 : (*call.grant)->MayDisconnectToken();
  }
  if (allowed.ok() && revocations_ == nullptr) {
    allowed = absl::UnimplementedError("nothing can be revoked here");
  }
  if (!allowed.ok()) {
    append->result = std::move(allowed);
    return;
  }
  if (logger_ != nullptr) {
    logger_->Log(LogLevel::kInfo, "gateway", "revoked",
                 {{"what", revocation.is_user ? "user" : "token"},
                  {"publisher", (*call.grant)->name()},
                  {"reason", revocation.reason}});
  }
  Submit(revocations_,
         {.channel = {revocation.is_user ? ChannelKind::kUser : ChannelKind::kTopic, revocation.id},
          .type = "",
          .data = "",
          .idempotency_key = "",
          .traceparent = call.traceparent,
          .deadline = call.deadline},
         revocation.id.size(), append, counters);
}

void Publisher::Submit(ingest::EventLog* log, const ingest::AppendRequest& request,
                       size_t message_bytes, Append* append, PublishCounters* counters) {
  if (append->started >= request.deadline) {
    append->result = absl::DeadlineExceededError("the deadline passed before the append");
    return;
  }
  const uint64_t bytes = message_bytes + kCallBytes;
  if (!budget_.Take(bytes)) {
    append->result = absl::ResourceExhaustedError("too many bytes wait for the log");
    return;
  }
  append->bytes = bytes;
  append->pending = true;
  append->in_call = true;
  counters->appends_in_flight.Add();
  log->Append(request, [append](absl::StatusOr<ingest::Appended> result) {
    Complete(append, std::move(result));
  });
  append->in_call = false;
}

void Publisher::End(std::span<const OwnedAppend> appends, PublishCounters* counters) {
  const SteadyTime now = clock_.Steady();
  uint64_t bytes = 0;
  for (const OwnedAppend& append : appends) {
    counters->outcomes[static_cast<size_t>(OutcomeOf(append->result))].Add();
    counters->duration.Observe(now - append->started);
    if (logger_ != nullptr) Log(*append);
    if (append->bytes == 0) continue;  // it never came to the log
    counters->appends_in_flight.Subtract();
    bytes += append->bytes;
  }
  budget_.Release(bytes);
}

// What the log failed at is worth a line; what a client did wrong is told to that client alone.
void Publisher::Log(const Append& append) {
  if (append.result.ok()) {
    if (!logger_->logs(LogLevel::kDebug)) return;
    logger_->Log(LogLevel::kDebug, "gateway", "published",
                 {{"event_id", append.result->id.ToString()}, {"trace_id", append.trace_id}});
    return;
  }
  const absl::Status& status = append.result.status();
  if (absl::IsInvalidArgument(status)) return;
  logger_->Log(LogLevel::kWarning, "gateway", "not published",
               {{"error", status.message()}, {"trace_id", append.trace_id}});
}

}  // namespace sluice::gateway
