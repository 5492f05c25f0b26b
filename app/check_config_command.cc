#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "app/command.h"
#include "app/named_files.h"
#include "core/config.h"

namespace sluice::app {
namespace {

struct CheckConfigArguments {
  std::string file;
  bool files = false;
  bool describe = false;
};

int CheckConfig(const CheckConfigArguments& arguments) {
  if (arguments.describe) {
    std::fputs(DescribeSettings().c_str(), stdout);
    return kExitOk;
  }
  const Config config =
      LoadConfig({.file = arguments.file, .environment = SluiceEnvironment(), .flags = {}});
  for (const ConfigError& error : config.errors) {
    std::fprintf(stderr, "%s\n", error.ToString().c_str());
  }
  if (!config.errors.empty()) return kExitUsage;
  if (arguments.files) {
    const std::vector<absl::Status> faults = ReadNamedFiles(config.options);
    for (const absl::Status& fault : faults) {
      std::fprintf(stderr, "%s\n", std::string(fault.message()).c_str());
    }
    if (!faults.empty()) return kExitUsage;
  }
  std::puts("ok");
  return kExitOk;
}

}  // namespace

void AddCheckConfig(CLI::App* app, Command* chosen) {
  CLI::App* const command = app->add_subcommand(
      "check-config", "Check a configuration file and the environment; report every error.");
  const auto arguments = std::make_shared<CheckConfigArguments>();  // outlives the parsing
  command->add_option("FILE", arguments->file, "TOML file (default: what SLUICE_CONFIG names)");
  command->add_flag("--files", arguments->files, "Read the files that it names as well");
  command->add_flag("--describe", arguments->describe, "Print the table of settings instead");
  command->callback(
      [arguments, chosen] { *chosen = [arguments] { return CheckConfig(*arguments); }; });
}

}  // namespace sluice::app
