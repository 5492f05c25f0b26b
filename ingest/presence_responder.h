#pragma once

#include <string>
#include <string_view>

#include "core/clock.h"
#include "ingest/nats_connection.h"
#include "ingest/presence.h"

namespace sluice::ingest {

// An edge's side of presence on NATS: says that it is there, at once on each new link and then
// every few seconds, and answers what gateways ask. Owner: NatsPeerNetwork, which hands on what its
// connection tells. Thread: the connection's, but for the constructor and QuestionSubject.
class PresenceResponder {
 public:
  PresenceResponder(std::string_view name_space, std::string edge);

  // What the connection is to listen to.
  const std::string& QuestionSubject() const { return question_subject_; }
  // Before anything else.
  void Begin(NatsConnection* connection, CountSessions count);

  void OnConnected(SteadyTime now);
  void OnTick(SteadyTime now);
  void OnQuestion(const NatsMessage& message);
  // Says that the edge is gone, and nothing more.
  void Leave();

 private:
  void SendBeacon(bool leaves);

  // Constant after Begin.
  const std::string edge_;
  const std::string question_subject_;
  const std::string beacon_subject_;
  NatsConnection* connection_ = nullptr;
  CountSessions count_;

  SteadyTime next_beacon_{};
  bool has_left_ = false;
};

}  // namespace sluice::ingest
