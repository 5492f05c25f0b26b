#pragma once

#include <array>

#include "core/counter.h"
#include "edge/auth/auth_refusal.h"
#include "edge/disconnect_reason.h"
#include "edge/engine/gap_reason.h"
#include "edge/http/http_error.h"
#include "edge/inbound/send_result.h"
#include "edge/protocol.h"

namespace sluice::edge {

// What one shard counts; summed over shards at the scrape (edge_metrics.cc names the metrics).
// Thread: written by the shard, read by any.
struct ShardStats {
  // Of the sessions that speak one protocol.
  struct OfProtocol {
    Counter sessions;
    Counter opened;
    Counter renewed;
    std::array<Counter, kDisconnectReasons> closed;
    Counter delivered;  // events
    std::array<Counter, kSendResults> sends;
  };
  std::array<OfProtocol, kProtocols> protocols;
  OfProtocol& of(Protocol protocol) { return protocols[static_cast<size_t>(protocol)]; }

  // Sessions.
  Counter sessions_shed;  // refused with `closing overload`
  Counter blocked_sessions;
  Counter unsent_bytes;

  // Delivery.
  Counter socket_writes;
  Counter heartbeats;
  DurationHistogram delivery_latency;

  // Replay.
  std::array<Counter, kGapReasons> gaps;
  Counter replays_full;
  Counter replays_gap;
  Counter replays_none;
  Counter replay_events;

  // Ring.
  Counter ring_events;
  Counter ring_bytes;
  Counter ring_channels;
  Counter frame_bytes;
  Counter tail_sequence;  // everything up to here is in the ring
  Counter holes;          // ranges of the log that were missed

  // Connections.
  Counter connections;
  Counter connections_accepted;
  Counter accept_failures;
  Counter connections_refused;  // of an address that has as many as it may
  Counter accepts_delayed;      // because of the rate
  Counter tls_failures;
  std::array<Counter, kHttpErrorKinds> handshakes_rejected;
  std::array<Counter, kAuthRefusalReasons> auth_failures;
};

}  // namespace sluice::edge
