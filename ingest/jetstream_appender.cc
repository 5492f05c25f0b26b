#include "ingest/jetstream_appender.h"

#include <algorithm>
#include <charconv>
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

// Two decimal numbers with a dash between.
bool ParsePair(std::string_view text, size_t* first, uint32_t* second) {
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos) return false;
  const char* const end = text.data() + text.size();
  return std::from_chars(text.data(), text.data() + dash, *first).ptr == text.data() + dash &&
         std::from_chars(text.data() + dash + 1, end, *second).ptr == end;
}

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
  appender->reply_prefix_ = appender->connection_->inbox() + ".ack.";
  appender->client_.set_connection(appender->connection_.get());
  appender->connection_->Start();
  return appender;
}

JetstreamAppender::JetstreamAppender(const Parts& parts)
    : stream_(parts.stream),
      subject_(parts.stream.nats_options().name_space),
      clock_(parts.clock),
      logger_(parts.logger),
      status_(parts.status),
      slots_(parts.stream.nats_options().max_appends_in_flight),
      client_(parts.stream, parts.clock) {
  free_.reserve(slots_.size());
  for (size_t i = slots_.size(); i > 0; --i) free_.push_back(static_cast<uint32_t>(i - 1));
}

JetstreamAppender::~JetstreamAppender() {
  if (connection_) connection_->Stop();  // its thread uses all of this
}

std::string JetstreamAppender::ReplySubject(size_t index, uint32_t generation) const {
  return absl::StrCat(reply_prefix_, index, "-", generation);
}

void JetstreamAppender::Append(const AppendRequest& request, AppendDone done) {
  if (!is_ready()) return done(absl::UnavailableError("the log is away"));
  if (clock_.Steady() >= request.deadline) {
    return done(absl::DeadlineExceededError("the deadline passed before the append"));
  }
  uint32_t index = 0;
  uint32_t generation = 0;
  {
    MutexLock lock(&mutex_);
    if (!free_.empty()) {
      index = free_.back();
      free_.pop_back();
      Slot& slot = slots_[index];
      slot.done = std::move(done);
      slot.deadline = request.deadline;
      slot.is_used = true;
      generation = ++slot.generation;
      next_deadline_ = std::min(next_deadline_, request.deadline);
    }
  }
  if (done) return done(absl::ResourceExhaustedError("too many events wait for NATS"));
  const std::string reply = ReplySubject(index, generation);
  const absl::Status sent = connection_->Publish(
      subject_.Encode(request.channel), reply, request.data, EventHeaders(request, clock_.Wall()));
  if (!sent.ok()) {
    if (std::optional<AppendDone> taken = TakeSlot(reply)) (*taken)(sent);
    return;
  }
  if (!request.announce_later) connection_->Flush();
}

std::optional<AppendDone> JetstreamAppender::TakeSlot(std::string_view subject) {
  size_t index = 0;
  uint32_t generation = 0;
  if (!subject.starts_with(reply_prefix_)) return std::nullopt;
  if (!ParsePair(subject.substr(reply_prefix_.size()), &index, &generation)) return std::nullopt;
  MutexLock lock(&mutex_);
  if (index >= slots_.size()) return std::nullopt;
  Slot& slot = slots_[index];
  if (!slot.is_used || slot.generation != generation) return std::nullopt;
  slot.is_used = false;
  free_.push_back(static_cast<uint32_t>(index));
  return std::exchange(slot.done, nullptr);
}

uint64_t JetstreamAppender::in_flight() const {
  MutexLock lock(&mutex_);
  return slots_.size() - free_.size();
}

void JetstreamAppender::OnConnected() { CheckStream(); }

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
  }
  is_sure_of_epoch_ = true;
  is_ready_.store(true, std::memory_order_release);
  for (Acknowledged& unsure : std::exchange(unsure_, {})) Answer(std::move(unsure));
}

void JetstreamAppender::OnMessage(NatsMessage message) {
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
  FailAll("no stream takes the event");
  CheckStream();
}

void JetstreamAppender::OnAcknowledgement(const NatsMessage& message) {
  std::optional<AppendDone> done = TakeSlot(message.subject());
  if (!done) return;  // it had been given up
  const absl::StatusOr<AppendAnswer> answer = ParseAppendAnswer(message.data());
  if (!answer.ok()) return (*done)(answer.status());
  // A sequence that does not rise is one of another incarnation of the stream; after the stream was
  // changed, any may be.
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
  FailExpired(now);
  if (connection_->is_connected() && now >= next_check_) CheckStream();
}

void JetstreamAppender::FailExpired(SteadyTime now) {
  std::vector<AppendDone> expired;
  {
    MutexLock lock(&mutex_);
    if (next_deadline_ > now) return;
    next_deadline_ = SteadyTime::max();
    for (size_t i = 0; i < slots_.size(); ++i) {
      Slot& slot = slots_[i];
      if (!slot.is_used) continue;
      if (slot.deadline > now) {
        next_deadline_ = std::min(next_deadline_, slot.deadline);
        continue;
      }
      slot.is_used = false;
      free_.push_back(static_cast<uint32_t>(i));
      expired.push_back(std::exchange(slot.done, nullptr));
    }
  }
  for (AppendDone& done : expired) {
    done(absl::DeadlineExceededError("NATS did not acknowledge the event in time"));
  }
}

void JetstreamAppender::FailAll(const char* why) {
  std::vector<AppendDone> failed;
  {
    MutexLock lock(&mutex_);
    next_deadline_ = SteadyTime::max();
    for (size_t i = 0; i < slots_.size(); ++i) {
      if (!std::exchange(slots_[i].is_used, false)) continue;
      free_.push_back(static_cast<uint32_t>(i));
      failed.push_back(std::exchange(slots_[i].done, nullptr));
    }
  }
  for (AppendDone& done : failed) done(absl::UnavailableError(why));
}

}  // namespace sluice::ingest
