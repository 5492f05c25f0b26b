#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/cursor.h"
#include "core/event.h"
#include "edge/disconnect_reason.h"
#include "edge/engine/gap_reason.h"
#include "edge/engine/wire_format.h"

namespace sluice::edge {

// The subprotocol `sluice.v1.json`: JSON objects in text frames. Source: docs/protocol.md,
// "WebSocket". Pure; thread: any. What the server writes is whole frames.

inline constexpr std::string_view kJsonSubprotocol = "sluice.v1.json";

// {"type":"event","id","channel","event","data"}. Returns what it wrote into `memory`; nothing if
// there was none.
std::string_view EncodeJsonEvent(const Epoch& epoch, const Event& event, OctetMemory memory);

// `connection_id`: see ConnectionId; empty: the session has none.
std::string JsonConnected(const Cursor& id, std::string_view user_id, bool resumed,
                          std::string_view connection_id);
// `requested`: what the client presented, of any form. `topic`: the gap is of that one alone;
// empty: of the session.
std::string JsonGap(GapReason reason, std::string_view requested, const Cursor& resume_at,
                    std::string_view topic = "");
std::string JsonCursor(const Cursor& cursor);
// And the close frame behind it.
std::string JsonClosing(DisconnectReason reason);

// `ref`: as JSON, what the client named its message by; empty: it did not.
std::string JsonOk(std::string_view ref);
std::string JsonError(std::string_view ref, std::string_view code, std::string_view message);

// What a client asks for.
struct JsonRequest {
  std::string type;  // "subscribe", "unsubscribe", "send", "token", or something else
  std::string ref;   // as JSON; empty: none
  std::string topic;
  std::optional<std::string> after;  // a cursor of any form
  std::string from;                  // empty: not said
  std::string destination;
  std::string event;  // the type of what is sent
  std::string data;
  std::string token;
};
struct ParsedJsonRequest {
  JsonRequest request;
  std::string error;  // empty: none. `request.ref` is what could be read of it
};
ParsedJsonRequest ParseJsonRequest(std::string_view text);

}  // namespace sluice::edge
