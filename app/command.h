#pragma once

#include <functional>

#include <CLI/CLI.hpp>

namespace sluice::app {

// Exit codes of every command.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailure = 1;  // the world: a port in use, a server away
inline constexpr int kExitUsage = 2;    // the arguments or the configuration

// What main runs after the command line has been read; returns the exit code.
using Command = std::function<int()>;

// Each adds one subcommand to `app`; choosing it on the command line sets `*chosen`, which outlives
// the parsing, as `app` does the run.
void AddServe(CLI::App* app, Command* chosen);
void AddGateway(CLI::App* app, Command* chosen);
void AddEdge(CLI::App* app, Command* chosen);
void AddPublish(CLI::App* app, Command* chosen);
void AddDisconnect(CLI::App* app, Command* chosen);
void AddPresence(CLI::App* app, Command* chosen);
void AddReceive(CLI::App* app, Command* chosen);
void AddListen(CLI::App* app, Command* chosen);
void AddToken(CLI::App* app, Command* chosen);
void AddCheckConfig(CLI::App* app, Command* chosen);
void AddVersion(CLI::App* app, Command* chosen);

}  // namespace sluice::app
