#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "ingest/name_network.h"
#include "ingest/nats_connection.h"
#include "ingest/pending_answers.h"

namespace sluice::ingest {

// Names as subjects `sluice.<ns>.sockjs.<token>`, the token being that of EventSubject, over a
// connection of its own. NATS says at once if nobody listens to one, but not to which: each request
// is followed by a mark to ourselves, and what is said before the mark comes back is about that
// request. A claim is known to the server once its mark is back. Source: docs/protocol.md, "NATS".
// Owner: the edge. Thread: as NameNetwork says.
class NatsNameNetwork final : public NameNetwork, private NatsHandler {
 public:
  // How long a mark may be under way.
  static constexpr std::chrono::milliseconds kMarkTimeout{2'000};

  struct Parts {
    NatsOptions options;
    Logger* logger = nullptr;  // null: silent
    const Clock* clock = &Clock::System();
  };
  // INVALID_ARGUMENT if the options cannot be used.
  static absl::StatusOr<std::unique_ptr<NatsNameNetwork>> Create(const Parts& parts);
  ~NatsNameNetwork() override;

  void Serve(Handler handler) override;
  void Claim(std::string_view name, OnClaimed done) override;
  void Release(std::string_view name) override;
  void Request(std::string_view name, std::string_view request, std::chrono::milliseconds timeout,
               OnAnswer done) override;
  void Stop() override;

 private:
  explicit NatsNameNetwork(const Parts& parts);

  void OnConnected() override {}
  void OnDisconnected() override { is_unheard_ = false; }  // the deadlines decide
  void OnMessage(const NatsMessage& message) override;
  void OnNoResponders(bool /*is_delivery*/) override { is_unheard_ = true; }
  void OnTick(SteadyTime now) override;

  std::string SubjectOf(std::string_view name) const;
  void Send(const std::string& subject, std::string_view request, std::chrono::milliseconds timeout,
            OnAnswer done);
  // `number`: what behind our prefix of reply subjects came back.
  void OnReply(std::string_view number, std::string_view data);

  // Constant after Serve.
  const std::string subjects_;  // prefix of those of all names
  const Clock& clock_;
  std::string replies_;  // prefix of the subjects of answers and marks
  Handler handler_;

  // The connection's thread only.
  uint64_t next_ = 1;
  bool is_unheard_ = false;  // nobody listens where the request of the next mark went
  PendingAnswers pending_;   // by number
  std::unique_ptr<NatsConnection> connection_;
};

}  // namespace sluice::ingest
