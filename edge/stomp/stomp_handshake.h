#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "edge/auth/authenticator.h"
#include "edge/disconnect_reason.h"
#include "edge/engine/connection.h"
#include "edge/stomp/stomp_codec.h"
#include "edge/stomp/stomp_session.h"
#include "edge/stream_request.h"
#include "edge/websocket/frame_codec.h"

namespace sluice::edge {

// A WebSocket that speaks STOMP and has not said CONNECT yet: only that is listened to, and only
// for edge.request_head_timeout. Then a StompSession takes the socket. Thread: shard.
class StompHandshake final : public Connection {
 public:
  // `identity`: whom the handshake of WebSocket named; without a user id: CONNECT must.
  StompHandshake(Shard* shard, StreamSocket socket, Identity identity,
                 const WebSocketHandshake& handshake);

  void OnReadable() override;
  void OnWritable() override;
  void OnDeadline() override;
  void OnStop() override;

 private:
  bool OnMessage(const WebSocketMessage& message);
  bool OnFrame(const StompFrame& frame);
  // `behind`: what came behind the message that held it.
  void Connect(const StompFrame& frame, std::string_view behind);
  // Who CONNECT says it is; nothing if that was refused.
  std::optional<Identity> Identify(const StompFrame& frame);
  void BeginSession(StompVersion version, const StompHeartBeats& heart_beats,
                    const Identity& identity, std::string_view behind);
  // Says ERROR and closes.
  void Refuse(std::string_view message, std::string_view receipt_id = "",
              WebSocketCloseCode code = WebSocketCloseCode::kProtocolError);
  void RefuseVersion();
  void TurnAway(DisconnectReason reason);
  void Say(std::string_view octets);
  void CloseAfter(std::string_view octets);
  void Flush();
  void Drop();

  Identity identity_;
  WebSocketReader websocket_;
  StompReader stomp_;
  std::optional<StompFrame> connect_;  // to be answered
  std::string output_;
  size_t written_ = 0;
  bool is_closing_ = false;
  bool is_done_ = false;  // removed or replaced
};

// Answers the handshake of WebSocket on `socket` and waits for CONNECT.
void BeginStompHandshake(Shard* shard, StreamSocket socket, Identity identity,
                         const WebSocketHandshake& handshake);

}  // namespace sluice::edge
