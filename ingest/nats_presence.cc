#include "ingest/nats_presence.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/metric_family.h"
#include "core/status.h"

namespace sluice::ingest {
namespace {

// An edge may say anything; what it says does not overflow.
uint32_t Clamped(uint64_t count) {
  return static_cast<uint32_t>(std::min<uint64_t>(count, std::numeric_limits<uint32_t>::max()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<NatsPresence>> NatsPresence::Start(const Parts& parts) {
  std::unique_ptr<NatsPresence> presence(new NatsPresence(parts));
  SLUICE_ASSIGN_OR_RETURN(
      presence->connection_,
      NatsConnection::Create(
          {.options = parts.options,
           .name = "sluice presence",
           .inbox = absl::StrCat("sluice.", parts.options.name_space, ".inbox.gateway"),
           .also = {presence->beacon_subject_},
           .handler = presence.get(),
           .logger = parts.logger}));
  presence->connection_->Start();
  return presence;
}

NatsPresence::NatsPresence(const Parts& parts)
    : question_subject_(absl::StrCat("sluice.", parts.options.name_space, ".presence")),
      beacon_subject_(absl::StrCat("sluice.", parts.options.name_space, ".edges")),
      clock_(*parts.clock),
      logger_(parts.logger) {}

NatsPresence::~NatsPresence() {
  if (connection_) connection_->Stop();
}

void NatsPresence::Ask(std::vector<std::string> users, std::chrono::milliseconds timeout,
                       Done done) {
  // What is posted while there is a link runs before the next attempt to connect, which may take
  // its time.
  if (!connection_->is_connected()) return done(absl::UnavailableError("NATS is away"));
  connection_->Post(
      [this, asked = PresenceQuestion{std::move(users)}, deadline = clock_.Steady() + timeout,
       done = std::move(done)]() mutable { Begin(asked, deadline, std::move(done)); });
}

std::string NatsPresence::NewReplySubject() {
  return absl::StrCat(connection_->inbox(), ".presence.", next_++);
}

void NatsPresence::Begin(const PresenceQuestion& asked, SteadyTime deadline, Done done) {
  if (questions_.size() >= kMaxQuestions) {
    return done(absl::ResourceExhaustedError("too many questions wait for the edges"));
  }
  const std::string reply = NewReplySubject();
  const absl::Status sent = connection_->Publish(question_subject_, reply, asked.ToJson());
  if (!sent.ok()) return done(sent);
  Question question{.deadline = deadline,
                    .done = std::move(done),
                    .sessions = std::vector<uint64_t>(asked.users.size()),
                    .answered = {},
                    .awaited = {}};
  for (const auto& [edge, heard] : edges_.heard()) question.awaited.insert(edge);
  const auto begun = questions_.emplace(reply, std::move(question)).first;
  if (IsAnswered(begun->second)) End(begun);
}

void NatsPresence::OnConnected() {
  connected_since_ = clock_.Steady();
  // Who is there; a failure is seen as a link that ends.
  (void)connection_->Publish(question_subject_, NewReplySubject(), PresenceQuestion{}.ToJson());
}

// The ticks that would end them may not come while a new link is made.
void NatsPresence::OnDisconnected() {
  for (auto each = questions_.begin(); each != questions_.end();) each = End(each);
}

void NatsPresence::OnMessage(const NatsMessage& message) {
  if (message.subject() == beacon_subject_) return OnBeacon(message.data());
  std::optional<EdgeCounts> counts = EdgeCounts::FromJson(message.data());
  if (counts) OnCounts(std::string(message.subject()), *std::move(counts));
}

void NatsPresence::OnBeacon(std::string_view text) {
  const std::optional<EdgeBeacon> beacon = EdgeBeacon::FromJson(text);
  if (!beacon) return;
  if (!beacon->leaves) return Hear(beacon->edge);
  if (!edges_.Forget(beacon->edge)) return;
  known_edges_ = edges_.heard().size();
  Log(LogLevel::kInfo, "an edge has left", beacon->edge);
  StopWaitingFor(beacon->edge);
}

void NatsPresence::OnCounts(const std::string& reply, EdgeCounts counts) {
  Hear(counts.edge);
  const auto found = questions_.find(reply);
  if (found == questions_.end()) return;  // of who is there, or too late
  Question& question = found->second;
  if (counts.sessions.size() != question.sessions.size()) return;
  if (question.answered.size() >= EdgeTable::kMaxEdges) return;
  if (!question.answered.insert(counts.edge).second) return;
  question.awaited.erase(counts.edge);
  for (size_t i = 0; i < counts.sessions.size(); ++i) question.sessions[i] += counts.sessions[i];
  if (IsAnswered(question)) End(found);
}

void NatsPresence::Hear(const std::string& edge) {
  if (!edges_.Hear(edge, clock_.Steady())) return;
  known_edges_ = edges_.heard().size();
  Log(LogLevel::kInfo, "an edge is there", edge);
}

void NatsPresence::StopWaitingFor(const std::string& edge) {
  for (auto each = questions_.begin(); each != questions_.end();) {
    const bool was_last = each->second.awaited.erase(edge) > 0 && IsAnswered(each->second);
    each = was_last ? End(each) : std::next(each);
  }
}

void NatsPresence::OnTick(SteadyTime now) {
  for (const std::string& edge : edges_.ForgetSilent(now)) {
    Log(LogLevel::kWarning, "an edge is silent and counts as gone", edge);
    known_edges_ = edges_.heard().size();
  }
  for (auto each = questions_.begin(); each != questions_.end();) {
    const bool is_over = now + NatsConnection::kTick > each->second.deadline;
    each = is_over ? End(each) : std::next(each);
  }
}

// While there may be others, their answers are waited for.
bool NatsPresence::IsAnswered(const Question& question) const {
  return question.awaited.empty() && knows_all_edges();
}

NatsPresence::Questions::iterator NatsPresence::End(Questions::iterator question) {
  Question ended = std::move(question->second);
  const auto next = questions_.erase(question);
  PresenceAnswer answer{.sessions = {},
                        .edges = static_cast<uint32_t>(ended.answered.size()),
                        .missing_edges = {ended.awaited.begin(), ended.awaited.end()},
                        .knows_all_edges = knows_all_edges()};
  answer.sessions.reserve(ended.sessions.size());
  for (const uint64_t count : ended.sessions) answer.sessions.push_back(Clamped(count));
  ended.done(std::move(answer));
  return next;
}

bool NatsPresence::knows_all_edges() const {
  return connection_->is_connected() && !edges_.is_full() &&
         clock_.Steady() - connected_since_ >= kLookAround;
}

void NatsPresence::Log(LogLevel level, std::string_view message, const std::string& edge) {
  if (logger_ != nullptr) logger_->Log(level, "presence", message, {{"edge", edge}});
}

std::vector<prometheus::MetricFamily> NatsPresence::Collect() const {
  return {SingleMetric(prometheus::MetricType::Gauge, "sluice_ingest_edges",
                       "Edges that this gateway has heard of lately.",
                       static_cast<double>(known_edges_.load()))};
}

}  // namespace sluice::ingest
