#pragma once

#include "edge/disconnect_reason.h"
#include "edge/websocket/frame_codec.h"

namespace sluice::edge {

// The close code for each reason that the server announces. Source: docs/protocol.md. Thread: any.
WebSocketCloseCode CloseCodeOf(DisconnectReason reason);

}  // namespace sluice::edge
