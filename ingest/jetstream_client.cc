#include "ingest/jetstream_client.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "ingest/jetstream_answer.h"

namespace sluice::ingest {
namespace {

// How often a stream must be seen to have lost events before it is believed; twice for one that is
// not there.
constexpr int kReadings = 4;
constexpr std::chrono::milliseconds kReadingInterval{500};

}  // namespace

void JetstreamClient::Request(const std::string& subject, std::string_view body, OnAnswer done) {
  const std::string reply = absl::StrCat(connection_->inbox(), ".api.", next_++);
  const absl::Status sent = connection_->Publish(subject, reply, body);
  if (!sent.ok()) return done(sent);
  connection_->Flush();
  pending_.emplace(reply, Pending{clock_.Steady() + kTimeout, std::move(done)});
}

void JetstreamClient::GetStream(OnState done) {
  Request(stream_.RequestSubject("INFO"), "",
          [done = std::move(done)](absl::StatusOr<std::string_view> answer) mutable {
            if (!answer.ok()) return done(answer.status());
            absl::StatusOr<StreamState> state = StreamState::Parse(*answer);
            if (state.ok() && state->is_cut_off()) {
              state = absl::UnavailableError(
                  "no leader that hears from a majority of the stream's replicas is known here");
            }
            done(std::move(state));
          });
}

void JetstreamClient::EnsureStream(const Epoch& epoch, uint64_t last, OnState done) {
  CheckStream(epoch, last, kReadings, std::move(done));
}

void JetstreamClient::CheckStream(const Epoch& epoch, uint64_t last, int readings_left,
                                  OnState done) {
  GetStream([this, epoch, last, readings_left,
             done = std::move(done)](absl::StatusOr<StreamState> state) mutable {
    const bool is_missing = absl::IsNotFound(state.status());
    const bool has_lost = state.ok() && state->epoch() == epoch && state->last_sequence() < last;
    if (!is_missing && !has_lost) return done(std::move(state));
    if (readings_left == 1) {
      return is_missing ? CreateStream(std::move(done)) : RenewStream(std::move(done));
    }
    // A stream that is made while another of its name is being deleted loses its files to that.
    const int then_left = is_missing ? 1 : readings_left - 1;
    pending_.emplace(absl::StrCat("pause ", next_++),
                     Pending{clock_.Steady() + kReadingInterval,
                             [this, epoch, last, then_left, done = std::move(done)](
                                 const absl::StatusOr<std::string_view>&) mutable {
                               CheckStream(epoch, last, then_left, std::move(done));
                             }});
  });
}

void JetstreamClient::CreateStream(OnState done) {
  // Whoever comes second is told that there is one already. What there is then is asked for.
  Request(stream_.RequestSubject("CREATE"), stream_.ConfigRequest(IncarnationNote(clock_.Wall())),
          [this, done = std::move(done)](absl::StatusOr<std::string_view> answer) mutable {
            absl::Status made =
                answer.ok() ? ParseJetstreamAnswer(*answer).status() : answer.status();
            GetStream([made = std::move(made),
                       done = std::move(done)](absl::StatusOr<StreamState> state) mutable {
              const bool is_refused = absl::IsNotFound(state.status()) && !made.ok();
              done(is_refused ? absl::StatusOr<StreamState>(std::move(made)) : std::move(state));
            });
          });
}

void JetstreamClient::RenewStream(OnState done) {
  Request(stream_.RequestSubject("UPDATE"), stream_.ConfigRequest(IncarnationNote(clock_.Wall())),
          [done = std::move(done)](absl::StatusOr<std::string_view> answer) mutable {
            done(answer.ok() ? StreamState::Parse(*answer) : answer.status());
          });
}

bool JetstreamClient::Take(const NatsMessage& message) {
  const auto found = pending_.find(message.subject());
  if (found == pending_.end()) return false;
  OnAnswer done = std::move(found->second.done);
  pending_.erase(found);
  done(message.data());
  return true;
}

void JetstreamClient::OnTick(SteadyTime now) {
  // One at a time: a callback may ask again.
  for (auto next = pending_.begin(); next != pending_.end();) {
    if (next->second.deadline > now) {
      ++next;
      continue;
    }
    OnAnswer done = std::move(next->second.done);
    pending_.erase(next);
    done(absl::UnavailableError("JetStream did not answer in time"));
    next = pending_.begin();
  }
}

void JetstreamClient::FailAll() {
  auto pending = std::exchange(pending_, {});
  for (auto& [reply, request] : pending) request.done(absl::UnavailableError("NATS is away"));
}

}  // namespace sluice::ingest
