#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/cursor.h"
#include "core/event.h"
#include "edge/disconnect_reason.h"
#include "edge/engine/frame.h"
#include "edge/engine/reader.h"

namespace sluice::edge {

// Writes the text/event-stream format. Every block ends with an empty line. Source: WHATWG HTML,
// "Server-sent events", and docs/protocol.md. Pure; thread: any, but frames belong to a shard.

// One event: `id:`, `event:` unless the type is empty, and one `data:` line per line of data (CR,
// LF and CRLF each end a line). The type holds no CR, LF or NUL; others are left out of the block.
Frame* EncodeSseEvent(const Epoch& epoch, const Event& event);

// `id:` alone: moves the browser's cursor, fires nothing.
std::string SseCursorBlock(const Cursor& cursor);

std::string SseRetryBlock(std::chrono::milliseconds retry);
std::string SseConnectedBlock(const Cursor& id, std::string_view user_id, bool resumed);
// `requested`: what the client presented, of any form; at most 64 characters of it are repeated.
std::string SseGapBlock(GapReason reason, std::string_view requested, const Cursor& resume_at);
std::string SseClosingBlock(DisconnectReason reason);

// The names in the `reason` field.
std::string_view GapReasonName(GapReason reason);

}  // namespace sluice::edge
