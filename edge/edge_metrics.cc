#include "edge/edge_metrics.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "core/metric_family.h"

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

MetricFamily Single(const Shards& shards, MetricType type, std::string name, std::string help,
                    Counter ShardStats::*member, MetricLabels labels = {}) {
  return Family(std::move(name), std::move(help), type)
      .Add(shards, std::move(labels),
           [member](const ShardStats& s) -> const Counter& { return s.*member; })
      .Take();
}

// One series for each protocol.
MetricFamily OfProtocols(const Shards& shards, MetricType type, std::string name, std::string help,
                         Counter ShardStats::OfProtocol::*member) {
  Family family(std::move(name), std::move(help), type);
  for (size_t i = 0; i < kProtocols; ++i) {
    family.Add(shards, {{"protocol", std::string(kProtocolLabels[i])}},
               [=](const ShardStats& s) -> const Counter& { return s.protocols[i].*member; });
  }
  return family.Take();
}

MetricFamily SessionsClosed(const Shards& shards) {
  Family family("sessions_closed_total", "Sessions ended, by reason.", MetricType::Counter);
  for (size_t protocol = 0; protocol < kProtocols; ++protocol) {
    for (size_t i = 0; i < kDisconnectReasons; ++i) {
      const auto label = PolicyOf(static_cast<DisconnectReason>(i)).label;
      family.Add(
          shards,
          {{"protocol", std::string(kProtocolLabels[protocol])}, {"reason", std::string(label)}},
          [=](const ShardStats& s) -> const Counter& { return s.protocols[protocol].closed[i]; });
    }
  }
  return family.Take();
}

// Of the protocols that a client can send over.
MetricFamily ClientMessages(const Shards& shards) {
  Family family("client_messages_total",
                "Messages that clients sent to backends or channels, by what became of them.",
                MetricType::Counter);
  for (size_t protocol = 0; protocol < kProtocols; ++protocol) {
    if (static_cast<Protocol>(protocol) == Protocol::kSse) continue;
    for (size_t i = 0; i < kSendResults; ++i) {
      family.Add(
          shards,
          {{"protocol", std::string(kProtocolLabels[protocol])},
           {"result", std::string(kSendResultLabels[i])}},
          [=](const ShardStats& s) -> const Counter& { return s.protocols[protocol].sends[i]; });
    }
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

MetricFamily AuthFailures(const Shards& shards) {
  Family family("auth_failures_total", "Callers that were not let in, by reason.",
                MetricType::Counter);
  for (size_t i = 0; i < kAuthRefusalReasons; ++i) {
    family.Add(shards, {{"reason", std::string(LabelOf(static_cast<AuthRefusalReason>(i)))}},
               [i](const ShardStats& s) -> const Counter& { return s.auth_failures[i]; });
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
                        "From publish to the write to the socket, for live deliveries.", latencies);
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

std::vector<MetricFamily> CollectEdgeMetrics(const Shards& shards, MemoryLevel memory_level) {
  constexpr auto kCounter = MetricType::Counter;
  constexpr auto kGauge = MetricType::Gauge;
  using S = ShardStats;
  using P = ShardStats::OfProtocol;
  // clang-format off
  return {
      TailSequence(shards),
      Holes(shards),
      SingleMetric(kGauge, "sluice_edge_memory_level", "0: enough; 1: no session begins; 2: the slowest are ended.", static_cast<double>(memory_level)),
      OfProtocols(shards, kGauge, "sessions", "Open sessions.", &P::sessions),
      OfProtocols(shards, kCounter, "sessions_renewed_total", "Sessions that were given a new token.", &P::renewed),
      OfProtocols(shards, kCounter, "sessions_opened_total", "Sessions begun.", &P::opened),
      SessionsClosed(shards),
      ClientMessages(shards),
      Single(shards, kCounter, "sessions_shed_total", "Streams refused with closing overload.", &S::sessions_shed),
      HandshakesRejected(shards),
      AuthFailures(shards),
      OfProtocols(shards, kCounter, "events_delivered_total", "Events handed to sockets.", &P::delivered),
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
      Single(shards, kCounter, "connections_refused_total", "Connections closed because their address has too many.", &S::connections_refused),
      Single(shards, kCounter, "accepts_delayed_total", "Times that connections had to wait because too many came.", &S::accepts_delayed),
      Single(shards, kCounter, "tls_failures_total", "Connections ended because the peer broke TLS.", &S::tls_failures),
  };
  // clang-format on
}

}  // namespace sluice::edge
