#include <sys/resource.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "app/command.h"
#include "app/server.h"
#include "app/service_notification.h"
#include "core/config.h"
#include "core/logging.h"

namespace sluice::app {
namespace {

struct ServerArguments {
  Role role = Role::kServe;
  ConfigSources sources;
  bool demo = false;
};

// Each session is a descriptor, so take as many as the system allows.
void RaiseDescriptorLimit(Logger* logger) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
      logger->Log(LogLevel::kWarning, "app", "cannot raise the limit of open files",
                  {{"max", limit.rlim_max}});
    }
  }
}

void PrintAddresses(const Server& server) {
  if (const std::string grpc = server.grpc_address(); !grpc.empty()) {
    std::printf("gRPC   %s\n", grpc.c_str());
  }
  if (const std::string http = server.http_address(); !http.empty()) {
    std::printf("HTTP   http://%s/\n", http.c_str());
  }
  std::printf("admin  http://%s/metrics\n", server.admin_address().c_str());
  std::fflush(stdout);
}

// Beats until SIGINT or SIGTERM, or until the server finds that it must not run. Afterwards both
// have their default action again, so that a second one ends the process at once.
class MainLoop {
 public:
  explicit MainLoop(Server* server) : server_(server) {
    signals_.async_wait([this](const boost::system::error_code& error, int) {
      if (!error) context_.stop();
    });
    AwaitReload();
  }
  void Run() {
    Tick();
    context_.run();
    boost::system::error_code ignored;
    signals_.clear(ignored);
  }

 private:
  void AwaitReload() {
    reload_.async_wait([this](const boost::system::error_code& error, int) {
      if (error) return;
      NotifyService("RELOADING=1");
      server_->Reload();
      if (is_announced_) NotifyService("READY=1");
      AwaitReload();
    });
  }
  void Tick() {
    server_->Beat();
    if (!server_->refusal().ok()) return context_.stop();
    if (!is_announced_ && server_->is_ready()) {
      is_announced_ = true;
      PrintAddresses(*server_);
      NotifyService("READY=1");
    }
    timer_.expires_after(is_announced_ ? kBeat : kStartBeat);
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) Tick();
    });
  }

  static constexpr std::chrono::milliseconds kBeat{1'000};
  static constexpr std::chrono::milliseconds kStartBeat{5};

  Server* const server_;
  bool is_announced_ = false;
  boost::asio::io_context context_{1};
  boost::asio::signal_set signals_{context_, SIGINT, SIGTERM};
  boost::asio::signal_set reload_{context_, SIGHUP};
  boost::asio::steady_timer timer_{context_};
};

// What cannot be seen from the settings alone.
std::vector<ConfigError> CheckRole(const ServerArguments& arguments, const Options& options) {
  std::vector<ConfigError> errors;
  if (arguments.demo && (options.auth.is_on() || options.gateway.has_publishers())) {
    errors.push_back({"", "--demo",
                      "shows and publishes events of any user, so it is not served where somebody "
                      "has to authenticate"});
  }
  if (arguments.role == Role::kServe) return errors;
  if (options.nats.urls.empty()) {
    errors.push_back({"", "nats.urls", "is needed: this process has no log of its own (--nats)"});
  }
  const bool has_routes = options.edge.route != RouteOptions() || !options.edge.more_routes.empty();
  if (arguments.role == Role::kEdge && has_routes && !options.edge.publish) {
    errors.push_back({"", "edge.publish", "must be true, since there are routes into channels"});
  }
  if (options.insecure) return errors;
  if (arguments.role == Role::kGateway && !options.gateway.has_publishers()) {
    errors.push_back({"", "publisher",
                      "needs a key or certificate: anybody could publish (--insecure if this is "
                      "meant)"});
  }
  if (arguments.role == Role::kEdge && !options.auth.is_on()) {
    errors.push_back(
        {"", "auth", "needs keys: anybody could read anything (--insecure if this is meant)"});
  }
  return errors;
}

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "sluice: %s\n", std::string(status.message()).c_str());
  return status.code() == absl::StatusCode::kInvalidArgument ? kExitUsage : kExitFailure;
}

int RunServer(const ServerArguments& arguments) {
  Config config = LoadConfig(arguments.sources);
  if (config.errors.empty()) config.errors = CheckRole(arguments, config.options);
  for (const ConfigError& error : config.errors) {
    std::fprintf(stderr, "sluice: %s\n", error.ToString().c_str());
  }
  if (!config.errors.empty()) return kExitUsage;

  std::signal(SIGPIPE, SIG_IGN);
  Logger logger(config.options.logging);
  RaiseDescriptorLimit(&logger);
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start({.options = config.options,
                                                                  .role = arguments.role,
                                                                  .demo = arguments.demo,
                                                                  .logger = &logger});
  if (!server.ok()) return Fail(server.status());
  MainLoop(server->get()).Run();
  NotifyService("STOPPING=1");
  (*server)->Stop();
  const absl::Status refusal = (*server)->refusal();
  return refusal.ok() ? kExitOk : Fail(refusal);
}

// A flag that stands for a setting.
void AddSettingOption(CLI::App* command, const std::shared_ptr<ServerArguments>& arguments,
                      const std::string& flag, const std::string& key, const std::string& meaning,
                      const std::string& value_name) {
  command
      ->add_option_function<std::string>(
          flag,
          [arguments, flag, key](const std::string& text) {
            arguments->sources.flags.push_back({flag, key, text});
          },
          meaning)
      ->type_name(value_name);
}

// Adds a subcommand that runs a server, with the flags that its role has.
void AddServerCommand(CLI::App* app, Role role, const char* name, const char* meaning,
                      Command* chosen) {
  CLI::App* const command = app->add_subcommand(name, meaning);
  const auto arguments = std::make_shared<ServerArguments>();  // outlives the parsing
  arguments->role = role;
  command->add_option("--config", arguments->sources.file, "TOML file (default: SLUICE_CONFIG)")
      ->type_name("FILE");
  const auto add = [&](const char* flag, const char* key, const char* text, const char* value) {
    AddSettingOption(command, arguments, flag, key, text, value);
  };
  add("--nats", "nats.urls", "NATS servers that hold the log", "URL[,URL]");
  if (role != Role::kEdge) {
    add("--grpc-listen", "gateway.listen", "Where publishers connect (127.0.0.1:50051)", "A:P");
  }
  if (role != Role::kGateway) {
    add("--http-listen", "edge.listen", "Where browsers connect (127.0.0.1:8080)", "A:P");
    add("--shards", "edge.shards", "Threads that serve browsers (one per core)", "N");
  }
  add("--admin-listen", "admin.listen", "Health and metrics (127.0.0.1:8081)", "A:P");
  command->add_flag_callback(
      "--insecure",
      [arguments] {
        arguments->sources.flags.push_back({"--insecure", "insecure", "true"});
      },
      "Serve although nobody has to authenticate");
  if (role == Role::kServe) {
    command->add_flag("--demo", arguments->demo, "Serve a live dashboard at / and a chat at /chat");
  }
  command->callback([arguments, chosen] {
    arguments->sources.environment = SluiceEnvironment();
    *chosen = [arguments] { return RunServer(*arguments); };
  });
}

}  // namespace

void AddServe(CLI::App* app, Command* chosen) {
  AddServerCommand(
      app, Role::kServe, "serve",
      "Serve publishers and browsers in one process, with the log in memory or on NATS.", chosen);
}

void AddGateway(CLI::App* app, Command* chosen) {
  AddServerCommand(app, Role::kGateway, "gateway", "Serve publishers, with the log on NATS.",
                   chosen);
}

void AddEdge(CLI::App* app, Command* chosen) {
  AddServerCommand(app, Role::kEdge, "edge", "Serve browsers, with the log on NATS.", chosen);
}

}  // namespace sluice::app
