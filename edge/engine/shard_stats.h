#pragma once

#include <array>

#include "core/counter.h"
#include "edge/disconnect_reason.h"
#include "edge/engine/reader.h"
#include "edge/http/http_error.h"

namespace sluice::edge {

inline constexpr size_t kGapReasons = 5;  // with kNone, which is never counted

// What one shard counts; summed over shards at the scrape (edge_metrics.cc names the metrics).
// Thread: written by the shard, read by any.
struct ShardStats {
  // Sessions.
  Counter sessions;
  Counter sessions_opened;
  std::array<Counter, kDisconnectReasons> sessions_closed;
  Counter sessions_shed;  // refused with `closing overload`
  Counter blocked_sessions;
  Counter unsent_bytes;

  // Delivery.
  Counter events_delivered;
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
  std::array<Counter, kHttpErrorKinds> handshakes_rejected;
};

}  // namespace sluice::edge
