// Every WebSocket of this binary echoes. This takes the place of
// edge/websocket/websocket_endpoint.cc: the linker finds both functions here and leaves that one in
// the archive.
#include "edge/websocket/websocket_endpoint.h"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "edge/engine/shard.h"
#include "edge/stream_request.h"
#include "edge/websocket/close_policy.h"
#include "edge/websocket/websocket_session.h"

namespace sluice::edge {
namespace {

constexpr size_t kMessageBytes = 32u << 20;  // the suite sends up to 16 MiB
constexpr uint32_t kFragments = 1u << 20;    // and cuts 4 MiB into pieces of 64 octets

// Sends each message back as it came. Frames, fragments, pings, closing, what is refused and the
// writing are the edge's own. Thread: shard.
class EchoSession final : public WebSocketSession {
 public:
  EchoSession(Shard* shard, StreamSocket socket)
      : WebSocketSession(
            shard, std::move(socket), Protocol::kWebSocket, WireFormat::kWebSocketJson,
            WebSocketReader({.message_bytes = kMessageBytes, .fragments = kFragments})) {}

 private:
  void OnText(std::string_view text) override { SayText(text); }
  void OnBinary(std::string_view data) override {
    Say(WebSocketFrame(WebSocketOpcode::kBinary, data));
  }
  size_t MaxUnreadBytes() const override { return 2 * kMessageBytes; }

  // Nothing that nobody sent comes back, not even a heartbeat.
  std::chrono::milliseconds HeartbeatInterval() const override { return std::chrono::hours(1); }
  FrameRef HeartbeatFrame() override {
    return FrameRef::Copy(WebSocketFrame(WebSocketOpcode::kPong, ""));
  }
  std::string GapFrame(GapReason, std::string_view, const Cursor&) override {
    return WebSocketFrame(WebSocketOpcode::kPong, "");
  }
  std::string ClosingFrame(DisconnectReason reason) override {
    return WebSocketCloseFrame(CloseCodeOf(reason), "");
  }
};

}  // namespace

void BeginWebSocketStream(Shard* shard, StreamSocket socket, const StreamRequest& request) {
  auto owned = std::make_unique<EchoSession>(shard, std::move(socket));
  EchoSession& session = *owned;
  shard->Add(std::move(owned));
  StartStream(&session, request);
  session.Say(WebSocketHandshakeAnswer(*request.websocket, shard->context().clock->Wall()));
  session.Write();
}

std::string WebSocketTurnAwayAnswer(Shard* shard, const StreamRequest& request,
                                    DisconnectReason reason) {
  return WebSocketHandshakeAnswer(*request.websocket, shard->context().clock->Wall()) +
         WebSocketCloseFrame(CloseCodeOf(reason), "");
}

}  // namespace sluice::edge
