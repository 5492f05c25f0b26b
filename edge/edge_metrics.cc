#include "edge/edge_metrics.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "core/metric_family.h"
#include "edge/sse/sse_codec.h"

namespace sluice::edge {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

using Shards = std::vector<const ShardStats*>;
// A family with one sample per row that `Add` was called for, each summed over the shards.
class Family {
 public:
  Family(const std::string& name, std::string help, MetricType type)
      : family_{"sluice_edge_" + name, std::move(help), type, {}} {}

  template <typename Get>
  Family& Add(const Shards& shards, MetricLabels labels, Get get) {
    uint64_t sum = 0;
    for (const ShardStats* shard : shards) sum += get(*shard).value();
    family_.metric.push_back(
        MetricSample(family_.type, static_cast<double>(sum), std::move(labels)));
    return *this;
  }
  MetricFamily Take() { return std::move(family_); }

 private:
  MetricFamily family_;
};

const MetricLabels kSse = {{"protocol", "sse"}};

MetricLabels WithLabel(MetricLabels labels, std::string name, std::string_view value) {
  labels.push_back({std::move(name), std::string(value)});
  return labels;
}

MetricFamily Single(const Shards& shards, MetricType type, std::string name, std::string help,
                    Counter ShardStats::*member, MetricLabels labels = {}) {
  return Family(std::move(name), std::move(help), type)
      .Add(shards, std::move(labels),
           [member](const ShardStats& s) -> const Counter& { return s.*member; })
      .Take();
}

MetricFamily SessionsClosed(const Shards& shards) {
  Family family("sessions_closed_total", "Sessions ended, by reason.", MetricType::Counter);
  for (size_t i = 0; i < kDisconnectReasons; ++i) {
    const auto label = PolicyOf(static_cast<DisconnectReason>(i)).label;
    family.Add(shards, WithLabel(kSse, "reason", label),
               [i](const ShardStats& s) -> const Counter& { return s.sessions_closed[i]; });
  }
  return family.Take();
}

MetricFamily Gaps(const Shards& shards) {
  Family family("gaps_total", "Gap events sent, by reason.", MetricType::Counter);
  for (size_t i = 1; i < kGapReasons; ++i) {
    family.Add(shards, {{"reason", std::string(GapReasonName(static_cast<GapReason>(i)))}},
               [i](const ShardStats& s) -> const Counter& { return s.gaps[i]; });
  }
  return family.Take();
}

MetricFamily HandshakesRejected(const Shards& shards) {
  Family family("handshakes_rejected_total", "Requests refused before a stream began, by reason.",
                MetricType::Counter);
  for (size_t i = 0; i < kHttpErrorKinds; ++i) {
    family.Add(shards, {{"reason", std::string(CodeOf(static_cast<HttpErrorKind>(i)))}},
               [i](const ShardStats& s) -> const Counter& { return s.handshakes_rejected[i]; });
  }
  return family.Take();
}

MetricFamily Replays(const Shards& shards) {
  Family family("replays_total",
                "Streams begun: resumed in full, resumed with a gap, without a cursor (none).",
                MetricType::Counter);
  const std::pair<std::string, Counter ShardStats::*> rows[] = {
      {"full", &ShardStats::replays_full},
      {"gap", &ShardStats::replays_gap},
      {"none", &ShardStats::replays_none}};
  for (const auto& [result, member] : rows) {
    family.Add(shards, {{"result", result}},
               [m = member](const ShardStats& s) -> const Counter& { return s.*m; });
  }
  return family.Take();
}

MetricFamily DeliveryLatency(const Shards& shards) {
  std::vector<const DurationHistogram*> latencies;
  for (const ShardStats* shard : shards) latencies.push_back(&shard->delivery_latency);
  return DurationMetric("sluice_edge_delivery_latency_seconds",
                        "From publish to the write to the socket, for live deliveries.", latencies,
                        kSse);
}

// The tail is one, the shards follow it: the slowest says how far the edge has come.
MetricFamily TailSequence(const Shards& shards) {
  uint64_t slowest = std::numeric_limits<uint64_t>::max();
  for (const ShardStats* shard : shards) {
    slowest = std::min(slowest, shard->tail_sequence.value());
  }
  return SingleMetric(MetricType::Gauge, "sluice_ingest_tail_sequence",
                      "The sequence up to which the ring has the log.",
                      static_cast<double>(slowest));
}

MetricFamily Holes(const Shards& shards) {
  uint64_t holes = 0;
  for (const ShardStats* shard : shards) holes = std::max(holes, shard->holes.value());
  return SingleMetric(MetricType::Counter, "sluice_ingest_holes_total",
                      "Ranges of the log that were missed.", static_cast<double>(holes));
}

}  // namespace

std::vector<MetricFamily> CollectEdgeMetrics(const Shards& shards) {
  constexpr auto kCounter = MetricType::Counter;
  constexpr auto kGauge = MetricType::Gauge;
  using S = ShardStats;
  // clang-format off
  return {
      TailSequence(shards),
      Holes(shards),
      Single(shards, kGauge, "sessions", "Open sessions.", &S::sessions, kSse),
      Single(shards, kCounter, "sessions_opened_total", "Sessions begun.", &S::sessions_opened, kSse),
      SessionsClosed(shards),
      Single(shards, kCounter, "sessions_shed_total", "Streams refused with closing overload.", &S::sessions_shed),
      HandshakesRejected(shards),
      Single(shards, kCounter, "events_delivered_total", "Events handed to sockets.", &S::events_delivered, kSse),
      Single(shards, kCounter, "socket_writes_total", "System calls that wrote to streams.", &S::socket_writes),
      Single(shards, kCounter, "heartbeats_total", "Cursor blocks sent to idle streams.", &S::heartbeats),
      DeliveryLatency(shards),
      Gaps(shards),
      Replays(shards),
      Single(shards, kCounter, "replay_events_total", "Events sent to streams that were catching up.", &S::replay_events),
      Single(shards, kGauge, "blocked_sessions", "Sessions whose socket takes nothing.", &S::blocked_sessions),
      Single(shards, kGauge, "unsent_bytes", "Rests of partly written frames.", &S::unsent_bytes),
      Single(shards, kGauge, "ring_events", "Events retained, summed over shards.", &S::ring_events),
      Single(shards, kGauge, "ring_bytes", "Bytes of retained events, summed over shards (shared in memory).", &S::ring_bytes),
      Single(shards, kGauge, "ring_channels", "Channels with events or followers, summed over shards.", &S::ring_channels),
      Single(shards, kGauge, "frame_bytes", "Encoded frames kept.", &S::frame_bytes),
      Single(shards, kGauge, "connections", "Open connections, streams or not.", &S::connections),
      Single(shards, kCounter, "connections_accepted_total", "Connections accepted.", &S::connections_accepted),
      Single(shards, kCounter, "accept_failures_total", "Connections not accepted for want of descriptors or memory.", &S::accept_failures),
  };
  // clang-format on
}

}  // namespace sluice::edge
