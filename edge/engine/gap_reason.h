#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::edge {

// Why a reader cannot be given all it missed; the `reason` of the gap event.
enum class GapReason : uint8_t { kNone, kExpired, kEpoch, kInvalid, kOverflow };
inline constexpr size_t kGapReasons = 5;  // with kNone

// The names in the `reason` field.
std::string_view GapReasonName(GapReason reason);

// What of a cursor that a client presented may be repeated to it: at most 64 characters, those that
// no cursor has as `?`.
std::string RepeatableCursor(std::string_view presented);

}  // namespace sluice::edge
