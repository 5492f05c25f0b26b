#pragma once

#include <cstdint>
#include <latch>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "absl/status/statusor.h"
#include "core/clock.h"
#include "core/logging.h"
#include "core/options.h"
#include "edge/auth/authenticator.h"
#include "edge/http/route.h"
#include "edge/memory_level.h"
#include "ingest/client_message_queue.h"
#include "ingest/event_log.h"
#include "ingest/name_network.h"
#include "ingest/peer_network.h"

namespace sluice::edge {

// The browsers' side of Sluice: a tail of the log fanned out over shards, each with a ring and the
// sessions that it accepted itself. Owner: app. Thread: Start, Stop and the destructor on main; the
// TailSink part on the tail's thread; Collect, CountSessions and is_caught_up on any.
class Edge final : public ingest::TailSink, public prometheus::Collectable {
 public:
  struct Parts {
    EdgeOptions options;
    RetentionOptions retention;
    std::unique_ptr<Authenticator> authenticator;
    std::vector<HttpRoute> routes;  // e.g. the demo page
    // What clients send to backends goes there; null: nowhere. Outlives the edge.
    ingest::ClientMessageQueue* messages = nullptr;
    bool may_publish = true;                               // the log that is followed takes appends
    std::unique_ptr<ingest::PeerNetwork> peers = nullptr;  // null: this edge is the only one
    std::unique_ptr<ingest::NameNetwork> names = nullptr;  // null: the same
    const Clock* clock = &Clock::System();
    Logger* logger = nullptr;  // null: silent
  };
  // Listens and starts the shards; sessions are accepted at once and see `connected` when the
  // tail has caught up. Errors: INVALID_ARGUMENT (address, certificate), UNAVAILABLE (cannot bind,
  // says why).
  static absl::StatusOr<std::unique_ptr<Edge>> Start(Parts parts);
  ~Edge() override;

  // Tails both logs until Stop, which they outlive. No session begins before all that
  // `revocations` retains is known. Null: nothing is ever revoked.
  void Follow(ingest::EventLog* log, ingest::EventLog* revocations = nullptr);
  uint16_t port() const;  // the bound one, also if 0 was asked for
  // True once everything that the log retained at the start is in the ring, and every revocation
  // known.
  bool is_caught_up() const;
  // Reads the certificate again, for new connections; those that there are stay. An error changes
  // nothing.
  absl::Status ReloadCertificate();
  // True if its files are others than when they were last read.
  bool has_new_certificate() const;
  // Lets no session begin any more and ends those that there are with `closing drain`, evenly over
  // options.drain_window, while events still arrive. The latch opens when none is left; it is
  // shared by the shards and who waits.
  std::shared_ptr<std::latch> BeginDrain();
  // From now on; at kCritical also ends the slowest readers, a tenth of those that take nothing.
  void SetMemoryLevel(MemoryLevel level);
  MemoryLevel memory_level() const;
  // The sessions that each of these users has here now.
  std::vector<uint32_t> CountSessions(std::span<const std::string> users) const;
  // Ends the tail, says `closing shutdown` to every session, waits for the bytes to leave (at most
  // options.stop_grace), joins the shards. Idempotent.
  void Stop();

  void OnEpoch(const Epoch& epoch, uint64_t first_sequence) override;
  void OnEvents(std::shared_ptr<const EventBatch> batch) override;
  void OnHole(uint64_t first, uint64_t last) override;
  void OnHead(uint64_t last_sequence) override;

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  class Impl;
  explicit Edge(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::edge
