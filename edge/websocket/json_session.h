#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/name_pattern.h"
#include "edge/auth/authenticator.h"
#include "edge/engine/head_waiter.h"
#include "edge/inbound/client_sends.h"
#include "edge/websocket/json_codec.h"
#include "edge/websocket/websocket_session.h"

namespace sluice::edge {

// A stream that speaks `sluice.v1.json`. Thread: shard.
class JsonSession final : public WebSocketSession, public HeadWaiter {
 public:
  JsonSession(Shard* shard, StreamSocket socket, const Identity& identity);
  ~JsonSession() override;

  // Goes on with what was held.
  bool OnHead() override;

 private:
  FrameRef HeartbeatFrame() override;
  std::string GapFrame(GapReason reason, std::string_view requested,
                       const Cursor& resume_at) override;
  std::string ClosingFrame(DisconnectReason reason) override;

  void Renewed(const Identity& identity) override;

  void OnText(std::string_view text) override;
  // Takes one message. `may_wait`: until the log has said where it ends, if the message has a
  // cursor ahead of the ring; the edge that the client left may have been further.
  void Handle(std::string_view text, bool may_wait);
  void Hold(std::string_view text);
  bool IsAhead(const JsonRequest& request) const;
  void OnRequest(const JsonRequest& request);
  void Subscribe(const JsonRequest& request);
  void Unsubscribe(const JsonRequest& request);
  void TakeToken(const JsonRequest& request);
  void Send(const JsonRequest& request);
  // Says the answer to a message, whole frames, behind those to the messages before it.
  void Reply(std::string frames);
  // Where the topic that was followed last begins.
  GapReason StartTopic(const JsonRequest& request, Reader::From from);

  // A message that waits for the log, and those behind it.
  struct Held {
    std::vector<std::string> texts;
    size_t bytes = 0;
    int heads_seen = 0;
  };

  std::vector<NamePattern> topics_;  // that it may follow
  std::unique_ptr<Held> held_;       // null: nothing is
  ClientSends sends_;
};

}  // namespace sluice::edge
