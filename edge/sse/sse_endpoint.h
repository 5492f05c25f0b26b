#pragma once

#include <string>

#include "edge/disconnect_reason.h"
#include "edge/engine/connection.h"
#include "edge/stream_request.h"

namespace sluice::edge {

// Begins the stream on `socket`: response head, `retry`, `connected`, then `gap` or what was
// missed. Takes a session slot for granted. Thread: shard.
void BeginSseStream(Shard* shard, StreamSocket socket, const StreamRequest& request);

// The whole answer to an EventSource that cannot be served now, for kOverload or kDrain; anything
// but 200 would stop it for good. The next attempt comes after a retry spread over `retry` to ten
// times that. Thread: shard.
std::string SseTurnAwayAnswer(Shard* shard, const StreamRequest& request, DisconnectReason reason);

}  // namespace sluice::edge
