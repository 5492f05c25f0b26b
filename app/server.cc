#include "app/server.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/listen_address.h"
#include "core/status.h"
#include "edge/auth/query_user_authenticator.h"

namespace sluice::app {
namespace {

// The address as configured, with the port that is bound.
std::string Bound(const std::string& listen, uint16_t port) {
  absl::StatusOr<ListenAddress> address = ListenAddress::Parse(listen);
  if (!address.ok()) return listen;
  address->port = port;
  return address->ToString();
}

}  // namespace

Server::Server(const Parts& parts)
    : options_(parts.options), logger_(parts.logger), log_(parts.options.log) {}

Server::~Server() { Stop(); }

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const Parts& parts) {
  std::unique_ptr<Server> server(new Server(parts));
  SLUICE_RETURN_IF_ERROR(server->StartParts(parts.demo));
  return server;
}

absl::Status Server::StartParts(bool demo) {
  SLUICE_ASSIGN_OR_RETURN(gateway_, gateway::Gateway::Start(options_.gateway, &log_));
  std::vector<edge::HttpRoute> routes;
  if (demo) {
    demo_ =
        std::make_unique<demo::Demo>(demo::Demo::Parts{.gateway = gateway_->InProcessChannel(),
                                                       .logger = logger_,
                                                       .only_loopback_hosts = !options_.insecure});
    routes = demo_->Routes();
  }
  SLUICE_ASSIGN_OR_RETURN(
      edge_, edge::Edge::Start({.options = options_.edge,
                                .retention = options_.log.retention,
                                .authenticator = std::make_unique<edge::QueryUserAuthenticator>(
                                    /*only_loopback_hosts=*/!options_.insecure),
                                .routes = std::move(routes),
                                .logger = logger_}));
  edge_->Follow(&log_);
  if (demo_) demo_->Start({gateway_.get(), edge_.get()});
  SLUICE_ASSIGN_OR_RETURN(
      admin_, AdminServer::Start(
                  options_.admin.listen,
                  {.live = {{"main loop", [this] { return pulse_.is_alive() || is_stopping_; }}},
                   .ready = {{"serving", [this] { return !is_stopping_; }},
                             {"catch-up", [this] { return edge_->is_caught_up(); }}},
                   .metrics = {&process_metrics_, &log_, gateway_.get(), edge_.get()}}));
  logger_->Log(LogLevel::kInfo, "app", "started",
               {{"grpc", grpc_address()}, {"http", http_address()}, {"admin", admin_address()}});
  return absl::OkStatus();
}

bool Server::is_ready() const { return !is_stopping_ && edge_->is_caught_up(); }

void Server::Stop() {
  if (is_stopping_.exchange(true)) return;  // from here on /readyz fails
  const bool was_started = admin_ != nullptr;
  if (was_started) logger_->Log(LogLevel::kInfo, "app", "stopping");
  // Publishers first, so that what was acknowledged still reaches the browsers.
  if (demo_) demo_->Stop();
  if (gateway_) gateway_->Stop();
  if (edge_) edge_->Stop();
  if (admin_) admin_->Stop();
  if (was_started) logger_->Log(LogLevel::kInfo, "app", "stopped");
}

std::string Server::grpc_address() const {
  return Bound(options_.gateway.listen, static_cast<uint16_t>(gateway_->port()));
}
std::string Server::http_address() const { return Bound(options_.edge.listen, edge_->port()); }
std::string Server::admin_address() const { return Bound(options_.admin.listen, admin_->port()); }

}  // namespace sluice::app
