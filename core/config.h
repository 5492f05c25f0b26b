#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/config_file.h"
#include "core/options.h"

namespace sluice {

// A flag of the command line that stands for a setting.
struct FlagSetting {
  std::string flag;  // `--grpc-listen`, for errors
  std::string key;   // `gateway.listen`
  std::string text;
};

// Where settings come from; later members win over earlier ones.
struct ConfigSources {
  // Empty: the file that SLUICE_CONFIG names, if any.
  std::string file;
  // Variables whose names begin with SLUICE_.
  std::vector<std::pair<std::string, std::string>> environment;
  std::vector<FlagSetting> flags;
};

struct Config {
  Options options;
  std::vector<ConfigError> errors;  // if not empty, `options` is not to be used
};

// Defaults, file, environment and flags in one; every error of every source at once, and those of
// CheckOptions if there is no other. Thread: any.
Config LoadConfig(const ConfigSources& sources);

// Settings that are each allowed but contradict each other. Thread: any.
std::vector<ConfigError> CheckOptions(const Options& options);

// The variables of this process that begin with SLUICE_, without those that Kubernetes sets in
// every pod beside a Service called `sluice` or `sluice-...` (SLUICE_PORT_8080_TCP and so on).
// Thread: main, before others start.
std::vector<std::pair<std::string, std::string>> SluiceEnvironment();
std::vector<std::pair<std::string, std::string>> SluiceEnvironment(const char* const* variables);

// The settings as a table in Markdown: the body of docs/configuration.md. Thread: any.
std::string DescribeSettings();

}  // namespace sluice
