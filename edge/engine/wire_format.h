#pragma once

#include <cstddef>
#include <cstdint>

#include "core/cursor.h"
#include "core/event.h"
#include "edge/engine/frame.h"

namespace sluice::edge {

// The forms in which an event goes to a browser. Each has one codec; the ring keeps one frame per
// event and format, made when the first session needs it.
enum class WireFormat : uint8_t { kSse };
inline constexpr size_t kWireFormats = 1;

// Encodes `event` of the log's incarnation `epoch`. The caller owns the reference. Thread: shard.
Frame* EncodeEvent(WireFormat format, const Epoch& epoch, const Event& event);

}  // namespace sluice::edge
