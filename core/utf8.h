#pragma once

#include <cstddef>
#include <string_view>

namespace sluice {

// Octets (1-4) of the well-formed sequence at the front of `bytes`, which is not empty; 0 if it is
// malformed. Source: Unicode 15, table 3-7. Thread: any.
size_t Utf8SequenceLength(std::string_view bytes);

// True if `bytes` is well-formed UTF-8: no overlong form, no surrogate, nothing above U+10FFFF.
// Source: Unicode 15, table 3-7. Thread: any.
bool IsValidUtf8(std::string_view bytes);

// True if the well-formed UTF-8 `text` holds a character of general category Cc (U+0000-001F,
// U+007F-009F). Thread: any.
bool HasControlCharacter(std::string_view text);

}  // namespace sluice
