#include <cstdio>
#include <string>

#include "app/command.h"
#include "app/version.h"

namespace sluice::app {

void AddVersion(CLI::App* app, Command* chosen) {
  CLI::App* const command = app->add_subcommand("version", "Say version and commit.");
  command->callback([chosen] {
    *chosen = [] {
      std::printf("sluice %s (%s)\n", std::string(VersionNumber()).c_str(),
                  std::string(VersionCommit()).c_str());
      return kExitOk;
    };
  });
}

}  // namespace sluice::app
