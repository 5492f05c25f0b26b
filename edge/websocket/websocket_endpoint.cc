#include "edge/websocket/websocket_endpoint.h"

#include <memory>
#include <utility>

#include "edge/engine/shard.h"
#include "edge/websocket/json_codec.h"
#include "edge/websocket/json_session.h"

namespace sluice::edge {

void BeginWebSocketStream(Shard* shard, StreamSocket socket, const StreamRequest& request) {
  auto owned = std::make_unique<JsonSession>(shard, std::move(socket), request.identity);
  JsonSession& session = *owned;
  shard->Add(std::move(owned));
  const StreamStart start = StartStream(&session, request);
  const Ring& ring = shard->ring();
  std::string preface =
      WebSocketHandshakeAnswer(*request.websocket, shard->context().clock->Wall());
  preface += JsonConnected({ring.epoch(), session.cursor()}, request.identity.user_id,
                           start.resumed, start.connection_id);
  if (start.gap != GapReason::kNone) {
    preface += JsonGap(start.gap, *request.last_event_id, ring.head());
  }
  session.Say(preface);
  session.Write();
}

std::string WebSocketTurnAwayAnswer(Shard* shard, const StreamRequest& request,
                                    DisconnectReason reason) {
  return WebSocketHandshakeAnswer(*request.websocket, shard->context().clock->Wall()) +
         JsonClosing(reason);
}

}  // namespace sluice::edge
