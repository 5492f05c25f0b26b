#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/cursor.h"
#include "core/event.h"
#include "edge/disconnect_reason.h"
#include "edge/engine/gap_reason.h"
#include "edge/engine/wire_format.h"

namespace sluice::edge {

// Writes the text/event-stream format. Every block ends with an empty line. Source: WHATWG HTML,
// "Server-sent events", and docs/protocol.md. Pure; thread: any.

// One event: `id:`, `event:` unless the type is empty, and one `data:` line per line of data (CR,
// LF and CRLF each end a line). The type holds no CR, LF or NUL; others are left out of the block.
// Returns what it wrote into `memory`; nothing if there was none.
std::string_view EncodeSseEvent(const Epoch& epoch, const Event& event, OctetMemory memory);

// `id:` alone: moves the browser's cursor, fires nothing.
std::string SseCursorBlock(const Cursor& cursor);

std::string SseRetryBlock(std::chrono::milliseconds retry);
// `connection_id`: see ConnectionId; empty: the session has none.
std::string SseConnectedBlock(const Cursor& id, std::string_view user_id, bool resumed,
                              std::string_view connection_id = "");
// `requested`: what the client presented, of any form; at most 64 characters of it are repeated.
std::string SseGapBlock(GapReason reason, std::string_view requested, const Cursor& resume_at);
std::string SseClosingBlock(DisconnectReason reason);

}  // namespace sluice::edge
