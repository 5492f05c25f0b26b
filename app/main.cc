#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "app/command.h"
#include "app/version.h"

namespace sluice::app {
namespace {

// The subcommand that the arguments chose, or `app` if none; for the hint behind an error.
std::string HelpHint(const CLI::App& app) {
  const std::vector<CLI::App*> chosen = app.get_subcommands();
  return chosen.empty() ? "sluice --help" : "sluice " + chosen[0]->get_name() + " --help";
}

int Main(int argc, char** argv) {
  CLI::App app("Sluice: publish over gRPC, receive in the browser.", "sluice");
  app.require_subcommand(1);
  app.set_version_flag("--version", "sluice " + std::string(VersionNumber()) + " (" +
                                        std::string(VersionCommit()) + ")");
  Command chosen;
  AddServe(&app, &chosen);
  AddGateway(&app, &chosen);
  AddEdge(&app, &chosen);
  AddPublish(&app, &chosen);
  AddDisconnect(&app, &chosen);
  AddPresence(&app, &chosen);
  AddReceive(&app, &chosen);
  AddListen(&app, &chosen);
  AddToken(&app, &chosen);
  AddCheckConfig(&app, &chosen);
  AddVersion(&app, &chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success);
  } catch (const CLI::Error& error) {
    std::fprintf(stderr, "sluice: %s (see %s)\n", error.what(), HelpHint(app).c_str());
    return kExitUsage;
  }
  return chosen();
}

}  // namespace
}  // namespace sluice::app

int main(int argc, char** argv) {
  // What gRPC has to say comes back as a status; its own lines are for those who ask for them.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  try {
    return sluice::app::Main(argc, argv);
  } catch (const std::exception& error) {  // out of memory, out of threads
    std::fprintf(stderr, "sluice: %s\n", error.what());
    return sluice::app::kExitFailure;
  }
}
