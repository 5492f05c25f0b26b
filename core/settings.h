#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "core/options.h"

namespace sluice {

// One thing that can be set: its name, its place in Options, what it may be and what it is for.
// Files, environment, flags, error texts and docs/configuration.md all come from this description.
// Thread: any (constant).
struct Setting {
  enum class Type : uint8_t {
    kDuration,
    kByteSize,
    kCount,
    kSwitch,
    kAddress,
    kOrigins,
    kAlgorithms,
    kPatterns,
    kServers,
    kUrl,
    kName,
    kDestination,
    kRouteTarget,
    kEventType,
    kText,
    kSecret,
    kLevel,
    kStorage,
  };
  template <typename T>
  using Place = T& (*)(Options&);

  std::string_view key;  // `section.name`, or `name` alone
  Type type;
  std::variant<Place<std::chrono::milliseconds>, Place<uint32_t>, Place<uint64_t>, Place<bool>,
               Place<std::string>, Place<std::vector<std::string>>, Place<LogLevel>,
               Place<StreamStorage>>
      place;
  std::string_view meaning;  // one line
  // For numbers: the least and the greatest, in milliseconds or octets where the type has a unit.
  uint64_t min = 0;
  uint64_t max = 0;
  // For numbers: what 0 stands for when it is allowed beside the range; empty if it is not.
  std::string_view zero_means = "";
};

// Every setting, by section, in the order of the documentation.
std::span<const Setting> Settings();
// nullptr if there is none of that key.
const Setting* FindSetting(std::string_view key);

// The variable that sets it: SLUICE_ and the key in upper case with `_` for `.`.
std::string EnvironmentName(const Setting& setting);

// What may be assigned, in words: "a duration from 1s to 10m". For errors and documentation.
std::string AllowedValues(const Setting& setting);
// The value in `options`, as Assign reads it. Lists are comma-separated.
std::string ValueText(const Setting& setting, Options options);
// Reads `text` into its place in `options`; otherwise INVALID_ARGUMENT that says what is allowed,
// and `options` stays as it was.
absl::Status Assign(const Setting& setting, std::string_view text, Options* options);

}  // namespace sluice
