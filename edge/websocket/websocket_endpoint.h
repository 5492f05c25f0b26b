#pragma once

#include <string>

#include "edge/disconnect_reason.h"
#include "edge/engine/connection.h"
#include "edge/stream_request.h"

namespace sluice::edge {

// Answers the handshake on `socket` and begins the stream: `connected`, then `gap` or what was
// missed. Takes a session slot for granted. Thread: shard.
void BeginWebSocketStream(Shard* shard, StreamSocket socket, const StreamRequest& request);

// The whole answer to a client that cannot be served now, for kOverload or kDrain: the handshake,
// `closing` and a close frame, so that it learns why. Thread: shard.
std::string WebSocketTurnAwayAnswer(Shard* shard, const StreamRequest& request,
                                    DisconnectReason reason);

}  // namespace sluice::edge
