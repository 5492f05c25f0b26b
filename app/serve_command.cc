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

struct ServeArguments {
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
  std::printf("gRPC   %s\n", server.grpc_address().c_str());
  std::printf("HTTP   http://%s/\n", server.http_address().c_str());
  std::printf("admin  http://%s/metrics\n", server.admin_address().c_str());
  std::fflush(stdout);
}

// Beats until SIGINT or SIGTERM. Afterwards both have their default action again, so that a second
// one ends the process at once.
class MainLoop {
 public:
  explicit MainLoop(Server* server) : server_(server) {
    signals_.async_wait([this](const boost::system::error_code& error, int) {
      if (!error) context_.stop();
    });
  }
  void Run() {
    Tick();
    context_.run();
    boost::system::error_code ignored;
    signals_.clear(ignored);
  }

 private:
  void Tick() {
    server_->Beat();
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
  boost::asio::steady_timer timer_{context_};
};

int Serve(const ServeArguments& arguments) {
  const Config config = LoadConfig(arguments.sources);
  for (const ConfigError& error : config.errors) {
    std::fprintf(stderr, "sluice: %s\n", error.ToString().c_str());
  }
  if (!config.errors.empty()) return kExitUsage;

  std::signal(SIGPIPE, SIG_IGN);
  Logger logger(config.options.logging);
  RaiseDescriptorLimit(&logger);
  absl::StatusOr<std::unique_ptr<Server>> server =
      Server::Start({.options = config.options, .demo = arguments.demo, .logger = &logger});
  if (!server.ok()) {
    std::fprintf(stderr, "sluice: %s\n", std::string(server.status().message()).c_str());
    return server.status().code() == absl::StatusCode::kInvalidArgument ? kExitUsage : kExitFailure;
  }
  MainLoop(server->get()).Run();
  NotifyService("STOPPING=1");
  (*server)->Stop();
  return kExitOk;
}

// A flag that stands for a setting.
void AddSettingOption(CLI::App* command, const std::shared_ptr<ServeArguments>& arguments,
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

}  // namespace

void AddServe(CLI::App* app, Command* chosen) {
  CLI::App* const command = app->add_subcommand(
      "serve", "Serve publishers and browsers in one process, with the log in memory.");
  const auto arguments = std::make_shared<ServeArguments>();  // outlives the parsing
  command->add_option("--config", arguments->sources.file, "TOML file (default: SLUICE_CONFIG)")
      ->type_name("FILE");
  const auto add = [&](const char* flag, const char* key, const char* meaning, const char* value) {
    AddSettingOption(command, arguments, flag, key, meaning, value);
  };
  add("--grpc-listen", "gateway.listen", "Where publishers connect (127.0.0.1:50051)", "A:P");
  add("--http-listen", "edge.listen", "Where browsers connect (127.0.0.1:8080)", "A:P");
  add("--admin-listen", "admin.listen", "Health and metrics (127.0.0.1:8081)", "A:P");
  add("--shards", "edge.shards", "Threads that serve browsers (one per core)", "N");
  command->add_flag_callback(
      "--insecure",
      [arguments] {
        arguments->sources.flags.push_back({"--insecure", "insecure", "true"});
      },
      "Serve other addresses than loopback although nobody has to authenticate");
  command->add_flag("--demo", arguments->demo, "Serve a live dashboard at /");
  command->callback([arguments, chosen] {
    arguments->sources.environment = SluiceEnvironment();
    *chosen = [arguments] { return Serve(*arguments); };
  });
}

}  // namespace sluice::app
