#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace sluice {

// The content of a file that a setting names: a password, keys. INVALID_ARGUMENT that begins with
// `key`, the setting, if it cannot be read or is larger than 256 KiB. Thread: any.
absl::StatusOr<std::string> ReadSmallFile(std::string_view key, const std::string& path);

// As ReadSmallFile, for a line of text: without the blanks and line ends behind it, which editors
// add. At most 4 KiB.
absl::StatusOr<std::string> ReadSecretFile(std::string_view key, const std::string& path);

}  // namespace sluice
