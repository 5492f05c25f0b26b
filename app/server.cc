#include "app/server.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/check.h"
#include "core/listen_address.h"
#include "core/status.h"
#include "edge/auth/issuer_table.h"
#include "edge/auth/query_user_authenticator.h"
#include "edge/auth/token_authenticator.h"
#include "ingest/memory_log.h"
#include "ingest/memory_message_queue.h"
#include "ingest/nats_name_network.h"
#include "ingest/nats_peer_network.h"

namespace sluice::app {
namespace {

// The address as configured, with the port that is bound.
std::string Bound(const std::string& listen, uint16_t port) {
  absl::StatusOr<ListenAddress> address = ListenAddress::Parse(listen);
  if (!address.ok()) return listen;
  address->port = port;
  return address->ToString();
}

// A revocation is an empty event; of each user and token the last is kept.
LogOptions RevocationLog(const RevocationOptions& options) {
  const LogOptions usual;
  return {.retention = {.max_age = options.max_age,
                        .max_bytes = 64u << 20,
                        .max_events_per_channel = 1},
          .idempotency_window = std::min(options.max_age, usual.idempotency_window)};
}

// What the demo's chat sends its lines to, and that somebody types, unless the settings say
// otherwise.
void AddDemoRoutes(EdgeOptions* options) {
  const RouteOptions line = {.destination = "chat.sendMessage", .to = "topic:chat", .type = ""};
  const RouteOptions typing = {.destination = "chat.typing", .to = "topic:chat.typing", .type = ""};
  for (const RouteOptions& demo : {line, typing}) {
    bool is_taken = options->route.destination == demo.destination;
    for (const auto& [place, route] : options->more_routes) {
      is_taken |= route.destination == demo.destination;
    }
    if (!is_taken) options->more_routes["demo " + demo.destination] = demo;
  }
}

}  // namespace

Server::Server(const Parts& parts)
    : options_(parts.options),
      role_(parts.role),
      logger_(parts.logger),
      memory_watch_(parts.options.edge.memory_limit != 0 ? parts.options.edge.memory_limit
                                                         : OwnCgroupMemoryLimit(),
                    ResidentBytes) {}

Server::~Server() { Stop(); }

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const Parts& parts) {
  std::unique_ptr<Server> server(new Server(parts));
  SLUICE_RETURN_IF_ERROR(server->StartParts(parts.demo));
  return server;
}

absl::Status Server::StartParts(bool demo) {
  SLUICE_RETURN_IF_ERROR(StartLog());
  if (role_ != Role::kEdge) SLUICE_RETURN_IF_ERROR(StartGateway());
  if (demo) {
    SLUICE_CHECK(role_ == Role::kServe);
    demo_ =
        std::make_unique<demo::Demo>(demo::Demo::Parts{.gateway = gateway_->InProcessChannel(),
                                                       .logger = logger_,
                                                       .only_loopback_hosts = !options_.insecure});
  }
  if (role_ != Role::kGateway) SLUICE_RETURN_IF_ERROR(StartEdge());
  if (demo_) demo_->Start({gateway_.get(), edge_.get()});
  SLUICE_RETURN_IF_ERROR(StartAdmin());
  logger_->Log(LogLevel::kInfo, "app", "started",
               {{"grpc", grpc_address()}, {"http", http_address()}, {"admin", admin_address()}});
  return absl::OkStatus();
}

absl::Status Server::StartLog() {
  if (options_.nats.urls.empty()) {
    auto log = std::make_unique<ingest::MemoryLog>(options_.log);
    log_metrics_ = log.get();
    log_ = std::move(log);
    revocations_ = std::make_unique<ingest::MemoryLog>(RevocationLog(options_.revocations));
    auto messages = std::make_unique<ingest::MemoryMessageQueue>(options_.messages);
    message_metrics_ = messages.get();
    messages_ = std::move(messages);
    return absl::OkStatus();
  }
  using Use = ingest::JetstreamLog::Use;
  const Use use = role_ == Role::kServe     ? Use::kBoth
                  : role_ == Role::kGateway ? Use::kAppend
                  : options_.edge.publish   ? Use::kBoth
                                            : Use::kTail;
  SLUICE_ASSIGN_OR_RETURN(
      std::unique_ptr<ingest::JetstreamLog> log,
      ingest::JetstreamLog::Open(
          {.log = options_.log, .nats = options_.nats, .use = use, .logger = logger_}));
  jetstream_ = log.get();
  log_metrics_ = log.get();
  log_ = std::move(log);
  SLUICE_ASSIGN_OR_RETURN(
      std::unique_ptr<ingest::JetstreamLog> revocations,
      ingest::JetstreamLog::Open({.log = RevocationLog(options_.revocations),
                                  .nats = options_.nats,
                                  .use = role_ == Role::kEdge ? Use::kTail : use,
                                  .content = ingest::LogContent::kRevocations,
                                  .logger = logger_}));
  jetstream_revocations_ = revocations.get();
  revocations_ = std::move(revocations);
  using Messages = ingest::JetstreamMessageQueue;
  SLUICE_ASSIGN_OR_RETURN(std::unique_ptr<Messages> messages,
                          Messages::Open({.options = options_.messages,
                                          .nats = options_.nats,
                                          .role = role_ == Role::kEdge ? Messages::Role::kEdge
                                                                       : Messages::Role::kGateway,
                                          .logger = logger_}));
  jetstream_messages_ = messages.get();
  message_metrics_ = messages.get();
  messages_ = std::move(messages);
  return absl::OkStatus();
}

absl::Status Server::StartGateway() {
  ingest::Presence* presence = &local_presence_;
  if (!options_.nats.urls.empty()) {
    SLUICE_ASSIGN_OR_RETURN(
        nats_presence_, ingest::NatsPresence::Start({.options = options_.nats, .logger = logger_}));
    presence = nats_presence_.get();
  }
  SLUICE_ASSIGN_OR_RETURN(gateway_, gateway::Gateway::Start({.options = options_.gateway,
                                                             .log = log_.get(),
                                                             .revocations = revocations_.get(),
                                                             .messages = messages_.get(),
                                                             .presence = presence,
                                                             .logger = logger_}));
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<edge::Authenticator>> Server::MakeAuthenticator() {
  if (!options_.auth.is_on()) {
    return std::make_unique<edge::QueryUserAuthenticator>(
        /*only_loopback_hosts=*/!options_.insecure);
  }
  std::vector<edge::JwksRefresher::Source> sources;
  SLUICE_ASSIGN_OR_RETURN(issuers_, edge::LoadIssuers(options_.auth, &sources));
  if (!sources.empty()) {
    key_refresher_ = std::make_unique<edge::JwksRefresher>(
        edge::JwksRefresher::Options{.sources = std::move(sources),
                                     .ca_file = options_.auth.jwks_ca_file,
                                     .interval = options_.auth.jwks_refresh,
                                     .logger = logger_});
  }
  return std::make_unique<edge::TokenAuthenticator>(
      std::make_shared<const edge::TokenVerifier>(issuers_), &Clock::System());
}

absl::Status Server::StartEdge() {
  SLUICE_ASSIGN_OR_RETURN(auto authenticator, MakeAuthenticator());
  std::unique_ptr<ingest::PeerNetwork> peers;
  std::unique_ptr<ingest::NameNetwork> names;
  if (!options_.nats.urls.empty()) {
    SLUICE_ASSIGN_OR_RETURN(
        peers, ingest::NatsPeerNetwork::Create({.options = options_.nats, .logger = logger_}));
    SLUICE_ASSIGN_OR_RETURN(
        names, ingest::NatsNameNetwork::Create({.options = options_.nats, .logger = logger_}));
  }
  EdgeOptions options = options_.edge;
  if (demo_) AddDemoRoutes(&options);
  SLUICE_ASSIGN_OR_RETURN(
      edge_, edge::Edge::Start({.options = options,
                                .retention = options_.log.retention,
                                .authenticator = std::move(authenticator),
                                .routes = demo_ ? demo_->Routes() : std::vector<edge::HttpRoute>(),
                                .messages = messages_.get(),
                                .may_publish = role_ != Role::kEdge || options_.edge.publish,
                                .peers = std::move(peers),
                                .names = std::move(names),
                                .logger = logger_}));
  local_presence_.SetEdge(edge_.get());
  edge_->Follow(log_.get(), revocations_.get());
  return absl::OkStatus();
}

absl::Status Server::StartAdmin() {
  AdminEndpoints::Parts parts{
      .live = {{"main loop", [this] { return pulse_.is_alive() || is_stopping_; }}},
      .ready = {{"serving", [this] { return !is_stopping_; }}},
      .metrics = {&process_metrics_, log_metrics_}};
  parts.metrics.push_back(message_metrics_);
  if (jetstream_ != nullptr) {
    parts.ready.push_back({"nats", [this] { return jetstream_->is_connected(); }});
    parts.ready.push_back({"stream", [this] { return jetstream_->is_ready(); }});
    parts.ready.push_back({"revocations", [this] { return jetstream_revocations_->is_ready(); }});
    parts.ready.push_back({"messages", [this] { return jetstream_messages_->is_ready(); }});
  }
  if (gateway_) parts.metrics.push_back(gateway_.get());
  if (nats_presence_) parts.metrics.push_back(nats_presence_.get());
  if (edge_) {
    parts.ready.push_back({"catch-up", [this] { return edge_->is_caught_up(); }});
    parts.metrics.push_back(edge_.get());
    if (key_refresher_) {
      parts.ready.push_back({"token keys", [this] { return key_refresher_->has_all(); }});
      parts.metrics.push_back(key_refresher_.get());
    }
  }
  SLUICE_ASSIGN_OR_RETURN(admin_, AdminServer::Start(options_.admin.listen, std::move(parts)));
  return absl::OkStatus();
}

void Server::Beat() {
  pulse_.Beat();
  heap_trim_.Beat(Clock::System().Steady());
  WatchMemory();
  if (edge_ && edge_->has_new_certificate()) {
    LogReload("edge certificate", edge_->ReloadCertificate());
  }
  if (gateway_ && jetstream_ != nullptr && !is_stopping_) {
    gateway_->SetServing(jetstream_->is_ready());
  }
}

absl::Status Server::ReloadKeys() {
  if (issuers_.empty()) return absl::OkStatus();
  SLUICE_ASSIGN_OR_RETURN(const auto loaded, edge::LoadIssuers(options_.auth));
  for (size_t i = 0; i < loaded.size(); ++i) {
    const auto keys = loaded[i].keys->Current();
    if (keys->size() > 0) issuers_[i].keys->Share(keys);  // else they are fetched
  }
  return absl::OkStatus();
}

void Server::LogReload(std::string_view what, const absl::Status& status) {
  if (status.ok()) return logger_->Log(LogLevel::kInfo, "app", "reloaded", {{"what", what}});
  logger_->Log(LogLevel::kError, "app", "not reloaded; what there was stays",
               {{"what", what}, {"error", status.message()}});
}

void Server::WatchMemory() {
  if (!edge_) return;
  const edge::MemoryLevel before = edge_->memory_level();
  const edge::MemoryLevel now = memory_watch_.Look();
  edge_->SetMemoryLevel(now);
  if (now == before) return;
  logger_->Log(now > before ? LogLevel::kWarning : LogLevel::kInfo, "app", "memory level",
               {{"level", static_cast<uint64_t>(now)},
                {"resident", ResidentBytes()},
                {"limit", memory_watch_.limit_bytes()}});
}

void Server::Reload() {
  if (edge_ && !options_.edge.tls_cert_file.empty()) {
    LogReload("edge certificate", edge_->ReloadCertificate());
  }
  if (!issuers_.empty()) LogReload("token keys", ReloadKeys());
  const bool is_nothing = issuers_.empty() && !(edge_ && !options_.edge.tls_cert_file.empty());
  if (is_nothing) {
    logger_->Log(LogLevel::kInfo, "app", "nothing to reload; settings are read at the start");
  }
}

absl::Status Server::refusal() const {
  if (jetstream_ == nullptr) return absl::OkStatus();
  SLUICE_RETURN_IF_ERROR(jetstream_->refusal());
  SLUICE_RETURN_IF_ERROR(jetstream_revocations_->refusal());
  return jetstream_messages_->refusal();
}

bool Server::is_ready() const {
  return !is_stopping_ && (!edge_ || edge_->is_caught_up()) &&
         (!key_refresher_ || key_refresher_->has_all()) &&
         (jetstream_ == nullptr || (jetstream_->is_ready() && jetstream_revocations_->is_ready() &&
                                    jetstream_messages_->is_ready()));
}

void Server::Stop() {
  if (is_stopping_.exchange(true)) return;  // from here on /readyz fails
  const bool was_started = admin_ != nullptr;
  if (was_started) logger_->Log(LogLevel::kInfo, "app", "stopping");
  if (edge_ && was_started && options_.edge.drain_window.count() > 0) {
    edge_->BeginDrain()->wait();
  }
  // Publishers first, so that what was acknowledged still reaches the browsers.
  if (demo_) demo_->Stop();
  if (gateway_) gateway_->Stop();
  if (edge_) edge_->Stop();
  if (admin_) admin_->Stop();
  if (was_started) logger_->Log(LogLevel::kInfo, "app", "stopped");
}

std::string Server::grpc_address() const {
  if (!gateway_) return "";
  return Bound(options_.gateway.listen, static_cast<uint16_t>(gateway_->port()));
}
std::string Server::http_address() const {
  return edge_ ? Bound(options_.edge.listen, edge_->port()) : "";
}
std::string Server::admin_address() const { return Bound(options_.admin.listen, admin_->port()); }

}  // namespace sluice::app
