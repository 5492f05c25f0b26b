#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice {

// One thing that is wrong with the configuration.
struct ConfigError {
  // One line: `sluice.toml:12: edge.retry: must be ...`.
  std::string ToString() const;

  std::string origin;  // `sluice.toml:12`, `environment`, `--shards`; empty: several of them
  std::string key;     // `edge.retry` or SLUICE_EDGE_RETRY; empty if none is concerned
  std::string message;
};

// One `key = value` of a file, as text that Assign (core/settings.h) reads.
struct FileEntry {
  std::string key;  // `section.name`
  std::string text;
  int line = 0;
};

struct ConfigFile {
  std::vector<FileEntry> entries;   // in the order of their lines
  std::vector<ConfigError> errors;  // the file cannot be read, is not TOML, a value has no text
};

// Also bounds the recursion of toml++ over dotted keys (about 270 bytes of stack for each dot).
inline constexpr size_t kMaxConfigFileBytes = 32u << 10;

// Reads TOML 1.0: knows its syntax, not the settings. Never throws. Thread: any.
ConfigFile ReadConfigFile(const std::string& path);
// `path` only names the text in errors.
ConfigFile ParseConfigFile(std::string_view text, const std::string& path);

}  // namespace sluice
