#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/name_pattern.h"
#include "edge/auth/authenticator.h"
#include "edge/inbound/client_sends.h"
#include "edge/websocket/json_codec.h"
#include "edge/websocket/websocket_session.h"

namespace sluice::edge {

// A stream that speaks `sluice.v1.json`. Thread: shard.
class JsonSession final : public WebSocketSession {
 public:
  JsonSession(Shard* shard, StreamSocket socket, const Identity& identity);

 private:
  FrameRef HeartbeatFrame() override;
  std::string GapFrame(GapReason reason, std::string_view requested,
                       const Cursor& resume_at) override;
  std::string ClosingFrame(DisconnectReason reason) override;

  void Renewed(const Identity& identity) override;

  void OnText(std::string_view text) override;
  void OnRequest(const JsonRequest& request);
  void Subscribe(const JsonRequest& request);
  void Unsubscribe(const JsonRequest& request);
  void TakeToken(const JsonRequest& request);
  void Send(const JsonRequest& request);
  // Says the answer to a message, whole frames, behind those to the messages before it.
  void Reply(std::string frames);
  // Where the topic that was followed last begins.
  GapReason StartTopic(const JsonRequest& request, Reader::From from);

  std::vector<NamePattern> topics_;  // that it may follow
  ClientSends sends_;
};

}  // namespace sluice::edge
