#pragma once

#include <string>
#include <string_view>

#include "edge/sockjs/sockjs_stream.h"
#include "edge/websocket/frame_codec.h"
#include "edge/websocket/handshake.h"

namespace sluice::edge {

// The transport of SockJS over WebSocket: its frames are text messages. The session is on the same
// shard, is asked for by nobody else and ends with the connection. Thread: shard.
class SockJsWebSocket final : public SockJsStream {
 public:
  SockJsWebSocket(Shard* shard, StreamSocket socket, const Identity& identity);

  void Begin(std::unique_ptr<SockJsStream> self, const WebSocketHandshake& handshake);
  void OnReadable() override;

 private:
  void AppendFrame(std::string_view frame, std::string* out) override;
  void AppendEnd(std::string* out) override;
  bool is_full() const override { return false; }
  void OnReply(SockJsAnswer::Kind kind) override;

  // False: nothing behind it is to be read.
  bool OnMessage(const WebSocketMessage& message);

  WebSocketReader reader_;
};

// `identity`: without a user id: CONNECT must bring the token.
void BeginSockJsWebSocket(Shard* shard, StreamSocket socket, const Identity& identity,
                          const WebSocketHandshake& handshake);

}  // namespace sluice::edge
