#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "core/cursor.h"
#include "core/event.h"

namespace sluice::edge {

// The forms in which an event goes to a browser. Each has one codec.
enum class WireFormat : uint8_t { kSse, kWebSocketJson, kStomp };
inline constexpr size_t kWireFormats = 3;

// Asked once for as many octets as an encoder needs; may answer null.
using OctetMemory = absl::FunctionRef<char*(size_t)>;

// Writes `event`, of the log's incarnation `epoch`, into `memory` and returns what it wrote;
// nothing if there was no memory. Thread: any.
std::string_view EncodeEvent(WireFormat format, const Epoch& epoch, const Event& event,
                             OctetMemory memory);

}  // namespace sluice::edge
