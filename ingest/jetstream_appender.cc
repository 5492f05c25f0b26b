#include "ingest/jetstream_appender.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/check.h"
#include "core/status.h"
#include "ingest/event_message.h"

namespace sluice::ingest {
namespace {

constexpr std::chrono::seconds kCheckInterval{5};
constexpr std::chrono::milliseconds kCheckRetry{250};
constexpr std::string_view kAdvisories = "$JS.EVENT.ADVISORY.STREAM.";

}  // namespace

absl::StatusOr<std::unique_ptr<JetstreamAppender>> JetstreamAppender::Open(const Parts& parts) {
  std::unique_ptr<JetstreamAppender> appender(new JetstreamAppender(parts));
  const NatsOptions& options = parts.stream.nats_options();
  SLUICE_ASSIGN_OR_RETURN(
      appender->connection_,
      NatsConnection::Create(
          {.options = options,
           .name = "sluice gateway",
           .inbox = absl::StrCat("sluice.", options.name_space, ".inbox.gateway"),
           .also = {parts.stream.AdvisorySubject()},
           .handler = appender.get(),
           .logger = parts.logger}));
  appender->slots_.set_prefix(appender->connection_->inbox() + ".ack.");
  appender->client_.set_connection(appender->connection_.get());
  appender->connection_->Start();
  return appender;
}

JetstreamAppender::JetstreamAppender(const Parts& parts)
    : subject_(parts.stream.subject()),
      clock_(parts.clock),
      status_(parts.status),
      slots_(parts.stream.nats_options().max_appends_in_flight),
      client_(parts.stream, parts.clock) {}

JetstreamAppender::~JetstreamAppender() {
  if (connection_) connection_->Stop();  // its thread uses all of this
}

void JetstreamAppender::Append(const AppendRequest& request, AppendDone done) {
  if (!is_ready()) return done(absl::UnavailableError("the log is away"));
  if (clock_.Steady() >= request.deadline) {
    return done(absl::DeadlineExceededError("the deadline passed before the append"));
  }
  const std::optional<std::string> reply = slots_.Put(&done, request.deadline);
  if (!reply) return done(absl::ResourceExhaustedError("too many events wait for NATS"));
  const absl::Status sent = connection_->Publish(
      subject_.Encode(request.channel), *reply, request.data, EventHeaders(request, clock_.Wall()));
  if (!sent.ok()) {
    if (std::optional<AppendDone> taken = slots_.Take(*reply)) (*taken)(sent);
    return;
  }
  if (!request.announce_later) connection_->Flush();
}

void JetstreamAppender::OnConnected() {
  are_appends_failing_ = false;
  CheckStream();
}

void JetstreamAppender::OnDisconnected() {
  is_ready_.store(false, std::memory_order_release);
  client_.FailAll();
  for (Acknowledged& unsure : std::exchange(unsure_, {})) {
    unsure.done(absl::UnavailableError("NATS went away"));
  }
  FailAll("NATS went away");
}

void JetstreamAppender::CheckStream() {
  if (std::exchange(is_checking_, true)) return;
  client_.EnsureStream(epoch_, last_sequence_.value(),
                       [this, changes = changes_](absl::StatusOr<StreamState> state) {
                         is_checking_ = false;
                         // What was changed meanwhile may not be in this answer.
                         if (changes != changes_ && connection_->is_connected()) {
                           return CheckStream();
                         }
                         OnStream(std::move(state));
                       });
}

void JetstreamAppender::OnStream(absl::StatusOr<StreamState> state) {
  connection_->SetServed(state.ok() && !are_appends_failing_);
  absl::Status judged = state.ok() ? status_->Judge(*state) : state.status();
  if (!judged.ok()) {
    status_->Report(judged);
    is_ready_.store(false, std::memory_order_release);
    next_check_ = clock_.Steady() + kCheckRetry;
    for (Acknowledged& unsure : std::exchange(unsure_, {})) unsure.done(judged);
    return;
  }
  next_check_ = clock_.Steady() + kCheckInterval;
  if (epoch_ != state->epoch()) {
    epoch_ = state->epoch();
    last_sequence_.Set(0);
    for (Acknowledged& unsure : std::exchange(unsure_, {})) {
      unsure.done(absl::UnavailableError("the stream was made anew, before or after the event"));
    }
  }
  is_sure_of_epoch_ = true;
  is_ready_.store(true, std::memory_order_release);
  for (Acknowledged& unsure : std::exchange(unsure_, {})) Answer(std::move(unsure));
}

void JetstreamAppender::OnMessage(const NatsMessage& message) {
  if (message.subject().starts_with(kAdvisories)) {
    is_sure_of_epoch_ = false;
    ++changes_;
    CheckStream();
  } else if (!client_.Take(message)) {
    OnAcknowledgement(message);
  }
}

void JetstreamAppender::OnNoResponders(bool) {
  // For one of them, which one is not said; whoever retries finds the stream that is made now.
  are_appends_failing_ = true;
  FailAll("no stream takes the event");
  CheckStream();
}

void JetstreamAppender::OnAcknowledgement(const NatsMessage& message) {
  const absl::StatusOr<AppendAnswer> answer = ParseAppendAnswer(message.data());
  if (answer.ok()) {  // also when it comes too late for who asked
    are_appends_failing_ = false;
    connection_->SetServed(true);
  }
  std::optional<AppendDone> done = slots_.Take(message.subject());
  if (!done) return;  // it had been given up
  if (!answer.ok()) return (*done)(answer.status());
  // A sequence that does not rise is one of another incarnation of the stream. If the stream was
  // changed, any may be: of what was read at once, the news of it has been handled first.
  const bool is_sure = is_sure_of_epoch_ && unsure_.empty() &&
                       (answer->is_duplicate || answer->sequence > last_sequence_.value());
  if (is_sure) return Answer({*std::move(done), *answer});
  unsure_.push_back({*std::move(done), *answer});
  CheckStream();
}

void JetstreamAppender::Answer(Acknowledged acknowledged) {
  const AppendAnswer& answer = acknowledged.answer;
  if (!answer.is_duplicate) {
    last_sequence_.Set(std::max(last_sequence_.value(), answer.sequence));
  }
  acknowledged.done(Appended{{epoch_, answer.sequence}, answer.is_duplicate});
}

void JetstreamAppender::OnTick(SteadyTime now) {
  client_.OnTick(now);
  for (AppendDone& done : slots_.TakeExpired(now)) {
    are_appends_failing_ = true;
    done(absl::DeadlineExceededError("NATS did not acknowledge the event in time"));
  }
  if (connection_->is_connected() && now >= next_check_) CheckStream();
}

void JetstreamAppender::FailAll(const char* why) {
  for (AppendDone& done : slots_.TakeAll()) done(absl::UnavailableError(why));
}

}  // namespace sluice::ingest
