#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "ingest/nats_connection.h"
#include "ingest/peer_network.h"
#include "ingest/pending_answers.h"
#include "ingest/presence_responder.h"

namespace sluice::ingest {

// Peers that reach each other by requests on the subjects `sluice.<ns>.peer.<id>`, over a
// connection of its own: what a browser asks for does not wait behind the tail. On the same
// connection it answers gateways that ask for presence. Source: docs/protocol.md, "NATS". Owner:
// the edge. Thread: as PeerNetwork says.
class NatsPeerNetwork final : public PeerNetwork, private NatsHandler {
 public:
  struct Parts {
    NatsOptions options;
    Logger* logger = nullptr;  // null: silent
    const Clock* clock = &Clock::System();
  };
  // INVALID_ARGUMENT if the options cannot be used.
  static absl::StatusOr<std::unique_ptr<NatsPeerNetwork>> Create(const Parts& parts);
  ~NatsPeerNetwork() override;

  const std::string& self() const override { return self_; }
  void Serve(Handler handler, CountSessions count) override;
  void Request(std::string_view peer, std::string_view request, OnAnswer done) override;
  void Stop() override;

 private:
  explicit NatsPeerNetwork(const Parts& parts);

  void OnConnected() override { presence_.OnConnected(clock_.Steady()); }
  void OnDisconnected() override {}  // answers may still come: the deadlines decide
  void OnMessage(const NatsMessage& message) override;
  // It is not told of which request; the deadline ends that.
  void OnNoResponders(bool /*is_delivery*/) override {}
  void OnTick(SteadyTime now) override;

  void Send(const std::string& subject, std::string_view request, OnAnswer done);

  // Constant after Serve.
  const std::string self_;
  const std::string subjects_;  // prefix of those of all peers
  const Clock& clock_;
  Logger* const logger_;
  Handler handler_;

  std::atomic<bool> is_stopped_{false};

  // The connection's thread only.
  PresenceResponder presence_;
  uint64_t next_ = 1;
  PendingAnswers pending_;  // by reply subject
  std::unique_ptr<NatsConnection> connection_;
};

}  // namespace sluice::ingest
