#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "core/clock.h"
#include "ingest/edge_table.h"
#include "ingest/nats_connection.h"
#include "ingest/presence.h"
#include "ingest/presence_message.h"

namespace sluice::ingest {

// A gateway's side of presence on NATS: asks all edges at once on `sluice.<ns>.presence`, and
// learns from `sluice.<ns>.edges` and from answers which edges there are. It has a connection of
// its own, so that a question does not wait behind appends. Source: docs/protocol.md, "NATS".
// Owner: app. Thread: as each function says.
class NatsPresence final : public Presence, public prometheus::Collectable, private NatsHandler {
 public:
  // Behind each new link: by then every edge that can answer has said that it is there.
  static constexpr std::chrono::milliseconds kLookAround{1'000};
  static constexpr size_t kMaxQuestions = 1'000;  // that wait for answers

  struct Parts {
    NatsOptions options;
    Logger* logger = nullptr;  // null: silent
    const Clock* clock = &Clock::System();
  };
  // Connects as soon as it can. INVALID_ARGUMENT if the options cannot be used. Thread: any.
  static absl::StatusOr<std::unique_ptr<NatsPresence>> Start(const Parts& parts);
  ~NatsPresence() override;

  // A question ends with the tick before its timeout: up to NatsConnection::kTick early.
  void Ask(std::vector<std::string> users, std::chrono::milliseconds timeout, Done done) override;

  // Thread: any.
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  struct Question {
    SteadyTime deadline;
    Done done;
    std::vector<uint64_t> sessions;
    std::set<std::string> answered;
    std::set<std::string> awaited;
  };
  using Questions = std::map<std::string, Question, std::less<>>;  // by reply subject

  explicit NatsPresence(const Parts& parts);

  void OnConnected() override;
  void OnDisconnected() override;
  void OnMessage(const NatsMessage& message) override;
  void OnNoResponders(bool /*is_delivery*/) override {}  // the deadline ends the question
  void OnTick(SteadyTime now) override;

  std::string NewReplySubject();
  void Begin(const PresenceQuestion& asked, SteadyTime deadline, Done done);
  void OnBeacon(std::string_view text);
  void OnCounts(const std::string& reply, EdgeCounts counts);
  void Hear(const std::string& edge);
  // No question waits any longer for `edge`.
  void StopWaitingFor(const std::string& edge);
  bool IsAnswered(const Question& question) const;
  Questions::iterator End(Questions::iterator question);
  bool knows_all_edges() const;
  void Log(LogLevel level, std::string_view message, const std::string& edge);

  // Constant after Start.
  const std::string question_subject_;
  const std::string beacon_subject_;
  const Clock& clock_;
  Logger* const logger_;

  std::atomic<uint64_t> known_edges_{0};

  // The connection's thread only.
  uint64_t next_ = 0;
  SteadyTime connected_since_{};
  EdgeTable edges_;
  Questions questions_;
  std::unique_ptr<NatsConnection> connection_;
};

}  // namespace sluice::ingest
