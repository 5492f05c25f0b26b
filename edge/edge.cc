#include "edge/edge.h"

#include <algorithm>
#include <atomic>
#include <latch>
#include <optional>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "core/check.h"
#include "core/listen_address.h"
#include "core/mutex.h"
#include "core/status.h"
#include "edge/auth/revocation_sink.h"
#include "edge/edge_metrics.h"
#include "edge/engine/shard.h"
#include "edge/sockjs/sockjs_router.h"

namespace sluice::edge {

class Edge::Impl {
 public:
  explicit Impl(Parts parts)
      : context_{.options = parts.options,
                 .retention = parts.retention,
                 .authenticator = std::move(parts.authenticator),
                 .routes = std::move(parts.routes),
                 .origins = OriginPolicy(parts.options.allowed_origins,
                                         parts.options.tls_cert_file.empty() ? "" : "https"),
                 .tls = nullptr,
                 .clock = parts.clock,
                 .logger = parts.logger,
                 .request_head = [this] { RequestHead(); },
                 .renew = [this](Renewal renewal,
                                 auto done) { Renew(std::move(renewal), std::move(done)); },
                 .edge_id = parts.peers == nullptr ? "0" : parts.peers->self(),
                 .sessions = {parts.options.max_sessions, parts.options.max_sessions_per_user},
                 .addresses = AddressQuota(parts.options.max_connections_per_address),
                 .router = MessageRouter(parts.options, parts.messages, parts.clock)},
        may_publish_(parts.may_publish),
        peers_(std::move(parts.peers)),
        names_(std::move(parts.names)) {}

  absl::Status LoadTls() {
    if (context_.options.tls_cert_file.empty()) return absl::OkStatus();
    SLUICE_ASSIGN_OR_RETURN(context_.tls, TlsContext::Load(context_.options));
    return absl::OkStatus();
  }
  bool has_new_certificate() const { return context_.tls != nullptr && context_.tls->HasChanged(); }
  absl::Status ReloadTls() {
    return context_.tls == nullptr ? absl::OkStatus() : context_.tls->Reload();
  }

  absl::Status Listen() {
    uint32_t count = context_.options.shards;
    if (count == 0) count = std::max(1u, std::thread::hardware_concurrency());
    context_.accepts_per_second =
        static_cast<double>(context_.options.max_accepts_per_second) / count;
    SLUICE_ASSIGN_OR_RETURN(ListenAddress address, ListenAddress::Parse(context_.options.listen));
    for (uint32_t i = 0; i < count; ++i) {
      const ListenerPlace place = i == 0 ? ListenerPlace::kFirst : ListenerPlace::kFurther;
      SLUICE_ASSIGN_OR_RETURN(FileDescriptor listener, edge::Listen(address, place));
      port_ = BoundPort(listener);
      address.port = port_;
      shards_.push_back(std::make_unique<Shard>(&context_, i, std::move(listener)));
    }
    std::vector<Mailbox*> mailboxes;
    for (const auto& shard : shards_) mailboxes.push_back(&shard->mailbox());
    sockjs_ = std::make_unique<SockJsRouter>(std::move(mailboxes), names_.get());
    context_.sockjs = sockjs_.get();
    for (const auto& shard : shards_) shard->Start();
    if (names_) {
      names_->Serve([this](std::string_view name, std::string_view request, auto respond) {
        sockjs_->Answer(name, request, std::move(respond));
      });
    }
    if (peers_) {
      peers_->Serve([this](std::string_view request, auto respond) { Answer(request, respond); },
                    [this](auto users) { return CountSessions(users); });
    }
    return absl::OkStatus();
  }

  void Follow(ingest::EventLog* log, TailSink* sink, ingest::EventLog* revocations) {
    if (may_publish_) context_.router.set_log(log);
    if (revocations != nullptr) {
      revocations_.emplace([this](Revocation revocation) { Revoke(std::move(revocation)); },
                           [this] { RequestHead(); });
      revocation_tail_ = revocations->OpenTail(&*revocations_);
    }
    auto tail = log->OpenTail(sink);
    MutexLock lock(&tail_mutex_);
    tail_ = std::move(tail);
    if (std::exchange(head_wanted_, false)) tail_->RequestHead();
  }

  std::shared_ptr<std::latch> BeginDrain() {
    const auto done = std::make_shared<std::latch>(static_cast<std::ptrdiff_t>(shards_.size()));
    Tell(DrainShard{context_.options.drain_window, done});
    return done;
  }

  void Stop() {
    // Without the lock: a tail stops only after its last call, which may be waiting for a shard.
    std::unique_ptr<ingest::Tail> tail;
    {
      MutexLock lock(&tail_mutex_);
      tail = std::move(tail_);
    }
    tail.reset();
    revocation_tail_.reset();
    if (peers_) peers_->Stop();
    Tell(StopShard{});
    for (const auto& shard : shards_) shard->Join();
    if (names_) names_->Stop();
  }

  template <typename Content>
  void Tell(const Content& content) {
    for (const auto& shard : shards_) shard->mailbox().Post(content);
  }

  void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
    if (context_.logger != nullptr) context_.logger->Log(level, "edge", message, fields);
  }

  std::vector<const ShardStats*> Stats() const {
    std::vector<const ShardStats*> stats;
    for (const auto& shard : shards_) stats.push_back(&std::as_const(*shard).stats());
    return stats;
  }

  void SetMemoryLevel(MemoryLevel level) {
    context_.memory_level = level;
    if (level == MemoryLevel::kCritical) Tell(EndSlowest{});
  }

  // Shards that begin or end a session wait at most for one look-up.
  std::vector<uint32_t> CountSessions(std::span<const std::string> users) const {
    std::vector<uint32_t> counts;
    counts.reserve(users.size());
    for (const std::string& user : users) counts.push_back(context_.sessions.Count(user));
    return counts;
  }

  bool knows_revocations() const { return !revocations_ || revocations_->is_caught_up(); }
  uint16_t port() const { return port_; }
  MemoryLevel memory_level() const { return context_.memory_level; }
  std::atomic<bool>& caught_up() { return caught_up_; }

 private:
  void Revoke(Revocation revocation) {
    context_.revocations.Add(revocation);
    Tell(Revoked{std::make_shared<const Revocation>(std::move(revocation))});
  }

  // Shards ask while the tail may be starting or stopping.
  void RequestHead() {
    MutexLock lock(&tail_mutex_);
    if (tail_) {
      tail_->RequestHead();
    } else {
      head_wanted_ = true;
    }
  }

  void Renew(Renewal renewal, std::function<void(RenewalResult)> done) {
    if (renewal.connection.edge == context_.edge_id) return RenewHere(std::move(renewal), done);
    if (peers_ == nullptr) return done(RenewalResult::kNoSession);
    peers_->Request(renewal.connection.edge, renewal.ToJson(),
                    [done](const absl::StatusOr<std::string>& answer) {
                      const auto result = answer.ok() ? ParseRenewalResult(*answer) : std::nullopt;
                      done(result.value_or(RenewalResult::kUnreachable));
                    });
  }

  void RenewHere(Renewal renewal, std::function<void(RenewalResult)> done) {
    const uint32_t shard = renewal.connection.shard;
    if (shard >= shards_.size()) return done(RenewalResult::kNoSession);
    shards_[shard]->mailbox().Post(
        RenewSession{std::make_shared<const Renewal>(std::move(renewal)), std::move(done)});
  }

  // What another edge asks of this one.
  void Answer(std::string_view request, ingest::PeerNetwork::Respond respond) {
    std::optional<Renewal> renewal = Renewal::FromJson(request);
    if (!renewal || renewal->connection.edge != context_.edge_id) return;
    RenewHere(*std::move(renewal), [respond = std::move(respond)](RenewalResult result) {
      respond(std::string(RenewalResultName(result)));
    });
  }

  EdgeContext context_;
  const bool may_publish_;
  uint16_t port_ = 0;
  std::atomic<bool> caught_up_{false};
  Mutex tail_mutex_;
  std::unique_ptr<ingest::Tail> tail_ ABSL_GUARDED_BY(tail_mutex_);
  bool head_wanted_ ABSL_GUARDED_BY(tail_mutex_) = false;
  std::optional<RevocationSink> revocations_;  // constant once the log is followed
  std::unique_ptr<ingest::Tail> revocation_tail_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::unique_ptr<SockJsRouter> sockjs_;
  // Gone before the shards: what waits for an answer refers to their mailboxes.
  std::unique_ptr<ingest::PeerNetwork> peers_;  // null: no other edge
  std::unique_ptr<ingest::NameNetwork> names_;  // null: the same
};

absl::StatusOr<std::unique_ptr<Edge>> Edge::Start(Parts parts) {
  SLUICE_CHECK(parts.authenticator != nullptr);
  auto impl = std::make_unique<Impl>(std::move(parts));
  SLUICE_RETURN_IF_ERROR(impl->LoadTls());
  SLUICE_RETURN_IF_ERROR(impl->Listen());
  return std::unique_ptr<Edge>(new Edge(std::move(impl)));
}

Edge::Edge(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Edge::~Edge() { Stop(); }

void Edge::Follow(ingest::EventLog* log, ingest::EventLog* revocations) {
  impl_->Follow(log, this, revocations);
}
uint16_t Edge::port() const { return impl_->port(); }
bool Edge::is_caught_up() const { return impl_->caught_up().load(std::memory_order_acquire); }
absl::Status Edge::ReloadCertificate() { return impl_->ReloadTls(); }
bool Edge::has_new_certificate() const { return impl_->has_new_certificate(); }
std::shared_ptr<std::latch> Edge::BeginDrain() { return impl_->BeginDrain(); }
void Edge::SetMemoryLevel(MemoryLevel level) { impl_->SetMemoryLevel(level); }
MemoryLevel Edge::memory_level() const { return impl_->memory_level(); }
std::vector<uint32_t> Edge::CountSessions(std::span<const std::string> users) const {
  return impl_->CountSessions(users);
}
void Edge::Stop() { impl_->Stop(); }

void Edge::OnEpoch(const Epoch& epoch, uint64_t first_sequence) {
  impl_->Log(LogLevel::kInfo, "the log begins",
             {{"epoch", epoch.text()}, {"first_sequence", first_sequence}});
  impl_->caught_up().store(false, std::memory_order_release);
  impl_->Tell(LogEpoch{epoch, first_sequence});
}

void Edge::OnEvents(std::shared_ptr<const EventBatch> batch) {
  impl_->Tell(LogEvents{std::move(batch)});
}

void Edge::OnHole(uint64_t first, uint64_t last) {
  impl_->Log(LogLevel::kWarning, "part of the log was missed", {{"first", first}, {"last", last}});
  impl_->Tell(LogHole{last});
}

void Edge::OnHead(uint64_t last_sequence) {
  if (!impl_->knows_revocations()) return;  // asked for again as soon as they are known
  impl_->caught_up().store(true, std::memory_order_release);  // before a client can see it
  impl_->Tell(LogHead{last_sequence});
}

std::vector<prometheus::MetricFamily> Edge::Collect() const {
  return CollectEdgeMetrics(impl_->Stats(), impl_->memory_level());
}

}  // namespace sluice::edge
