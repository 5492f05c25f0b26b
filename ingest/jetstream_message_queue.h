#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "absl/base/thread_annotations.h"
#include "core/clock.h"
#include "core/counter.h"
#include "core/logging.h"
#include "core/mutex.h"
#include "core/options.h"
#include "ingest/client_message_queue.h"
#include "ingest/client_message_stream.h"
#include "ingest/jetstream_client.h"
#include "ingest/jetstream_group.h"
#include "ingest/nats_connection.h"
#include "ingest/reply_slots.h"
#include "ingest/stream_status.h"

namespace sluice::ingest {

// The queue in a JetStream stream (docs/architecture.md, "Messages of browsers"), over a connection
// of its own. Edges append, gateways receive, each may be many. NATS may be away when it starts and
// at any time later: then appends and new receivers are UNAVAILABLE, and receivers that there are
// go on when it is back. A group holds its destinations for some time after its last receiver
// (ClientMessageStream::idle_time). A delivery's `attempt` also counts attempts that no receiver
// saw. Owner: app. Thread: any.
class JetstreamMessageQueue final : public ClientMessageQueue,
                                    public prometheus::Collectable,
                                    private NatsHandler {
 public:
  // In one process. Beyond: RESOURCE_EXHAUSTED.
  static constexpr size_t kMaxGroups = 100;

  // Which part of NATS it has rights to (deploy/nats/accounts.conf).
  enum class Role : uint8_t { kEdge, kGateway };

  struct Parts {
    ClientMessageOptions options;
    NatsOptions nats;
    Role role = Role::kGateway;
    Logger* logger = nullptr;               // null: silent
    const Clock* clock = &Clock::System();  // outlives the queue
  };
  // INVALID_ARGUMENT if the options cannot be used. NATS need not be there.
  static absl::StatusOr<std::unique_ptr<JetstreamMessageQueue>> Open(const Parts& parts);
  // All receivers have been destroyed. Appends under way are answered with UNAVAILABLE.
  ~JetstreamMessageQueue() override;

  void Append(ClientMessage message, ClientMessageDone done) override;
  absl::StatusOr<std::unique_ptr<ClientMessageReceiver>> OpenReceiver(
      const ReceiverOptions& options, ClientMessageSink* sink) override ABSL_LOCKS_EXCLUDED(mutex_);

  bool is_connected() const { return connection_->is_connected(); }
  // Whether it could use the stream over the link that there is.
  bool is_ready() const {
    return connection_->is_connected() && is_ready_.load(std::memory_order_acquire);
  }
  // As of JetstreamLog.
  absl::Status refusal() const { return status_.refusal(); }

  // Metrics sluice_ingest_client_messages*.
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  explicit JetstreamMessageQueue(const Parts& parts);

  void OnConnected() override;
  void OnDisconnected() override;
  void OnMessage(const NatsMessage& message) override;
  void OnNoResponders(bool is_delivery) override;
  void OnTick(SteadyTime now) override;

  void CheckStream();
  void OnStream(const absl::StatusOr<StreamState>& state);
  void SetAway(const char* why);
  void OnAcknowledgement(const NatsMessage& message);
  void OnDelivery(const DeliveryPosition& position, const NatsMessage& message);
  void OnPullEnded(const NatsMessage& message);
  void ForgetGroups(SteadyTime now) ABSL_LOCKS_EXCLUDED(mutex_);
  std::vector<std::shared_ptr<JetstreamGroup>> Groups() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Constant after construction.
  const ClientMessageStream stream_;
  const Clock& clock_;
  std::string pull_prefix_;  // `<inbox>.pull.`, then the consumer's prefix, partition and number

  std::atomic<bool> is_ready_{false};
  StreamStatus status_;
  ClientMessageCounters counters_;
  Counter stream_messages_;  // as last seen
  Counter stream_bytes_;
  ReplySlots<ClientMessageDone> slots_;  // of appends under way: `<inbox>.ack.*`

  mutable Mutex mutex_;
  // By the prefix of their consumers' names.
  std::map<std::string, std::shared_ptr<JetstreamGroup>, std::less<>> groups_
      ABSL_GUARDED_BY(mutex_);

  // The connection's thread only.
  JetstreamClient client_;
  Epoch epoch_;
  bool is_checking_ = false;
  bool are_appends_failing_ = false;  // the last one was answered by nobody
  SteadyTime next_check_{};
  std::unique_ptr<NatsConnection> connection_;
};

}  // namespace sluice::ingest
