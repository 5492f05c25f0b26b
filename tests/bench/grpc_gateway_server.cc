// The gateway over a log in memory and nothing else: what the bench compares with the floor.
//
//   grpc_gateway_server [--listen 127.0.0.1:0] [--threads N]
//
// Prints one line, `{"port":N}`, when it listens; ends at SIGTERM or SIGINT.

#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "core/options.h"
#include "gateway/gateway.h"
#include "ingest/memory_log.h"

int main(int argc, char** argv) {
  sluice::GatewayOptions options;
  options.listen = "127.0.0.1:0";
  CLI::App app("The gateway over a log in memory.");
  app.add_option("--listen", options.listen);
  app.add_option("--threads", options.threads);
  CLI11_PARSE(app, argc, argv);

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);

  sluice::ingest::MemoryLog log(sluice::LogOptions{});
  auto gateway = sluice::gateway::Gateway::Start({.options = options, .log = &log});
  if (!gateway.ok()) {
    std::fprintf(stderr, "%s\n", gateway.status().ToString().c_str());
    return 1;
  }
  std::printf("{\"port\":%d}\n", (*gateway)->port());
  std::fflush(stdout);
  int received = 0;
  sigwait(&signals, &received);
  (*gateway)->Stop();
  return 0;
}
