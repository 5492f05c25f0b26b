#pragma once

#include <string_view>

namespace sluice {

// True if `bytes` is well-formed UTF-8: no overlong form, no surrogate, nothing above U+10FFFF.
// Source: Unicode 15, table 3-7. Thread: any.
bool IsValidUtf8(std::string_view bytes);

// True if the well-formed UTF-8 `text` holds a character of general category Cc (U+0000-001F,
// U+007F-009F). Thread: any.
bool HasControlCharacter(std::string_view text);

}  // namespace sluice
