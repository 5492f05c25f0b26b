#include "ingest/presence_responder.h"

#include <chrono>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ingest/edge_table.h"
#include "ingest/presence_message.h"

namespace sluice::ingest {
namespace {

// Give or take a quarter, so that edges that began together do not stay together.
std::chrono::milliseconds NextInterval() {
  thread_local std::minstd_rand random{std::random_device()()};
  constexpr int64_t kInterval = EdgeTable::kBeaconInterval.count();
  return std::chrono::milliseconds(
      std::uniform_int_distribution<int64_t>(kInterval * 3 / 4, kInterval * 5 / 4)(random));
}

absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

PresenceResponder::PresenceResponder(std::string_view name_space, std::string edge)
    : edge_(std::move(edge)),
      question_subject_(absl::StrCat("sluice.", ToAbsl(name_space), ".presence")),
      beacon_subject_(absl::StrCat("sluice.", ToAbsl(name_space), ".edges")) {}

void PresenceResponder::Begin(NatsConnection* connection, CountSessions count) {
  connection_ = connection;
  count_ = std::move(count);
}

void PresenceResponder::OnConnected(SteadyTime now) {
  next_beacon_ = now + NextInterval();
  SendBeacon(/*leaves=*/false);
}

void PresenceResponder::OnTick(SteadyTime now) {
  if (now < next_beacon_ || !connection_->is_connected()) return;
  next_beacon_ = now + NextInterval();
  SendBeacon(/*leaves=*/false);
}

void PresenceResponder::OnQuestion(const NatsMessage& message) {
  if (message.reply().empty() || has_left_) return;
  const std::optional<PresenceQuestion> question = PresenceQuestion::FromJson(message.data());
  if (!question) return;
  const EdgeCounts answer{.edge = edge_, .sessions = count_(question->users)};
  // Without a link the gateway hears of it as an edge that does not answer.
  (void)connection_->Publish(std::string(message.reply()), "", answer.ToJson());
}

void PresenceResponder::Leave() {
  SendBeacon(/*leaves=*/true);
  has_left_ = true;
}

void PresenceResponder::SendBeacon(bool leaves) {
  if (has_left_) return;
  // One that is lost is made up for by the next, or by the gateways' patience.
  (void)connection_->Publish(beacon_subject_, "", EdgeBeacon{edge_, leaves}.ToJson());
}

}  // namespace sluice::ingest
