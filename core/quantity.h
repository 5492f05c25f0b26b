#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

// Durations and sizes as people write them in the configuration. Thread: any.

// A whole number and one of `ms`, `s`, `m`, `h` without a space (`250ms`, `25s`), or a bare `0`.
// nullopt for anything else, a sign and what does not fit in milliseconds included.
std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text);

// A whole number and one of `B`, `KiB`, `MiB`, `GiB` without a space, or bare octets. nullopt for
// anything else and for what does not fit; `KB` and `k` too, since they are read in two ways.
std::optional<uint64_t> ParseByteSize(std::string_view text);

// The shortest text that the parser above reads back as the same value; `duration` >= 0.
std::string FormatDuration(std::chrono::milliseconds duration);
std::string FormatByteSize(uint64_t bytes);

}  // namespace sluice
