#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "edge/engine/session.h"

namespace sluice::edge {

// A stream of Server-Sent Events. Thread: shard.
class SseSession final : public Session {
 public:
  SseSession(Shard* shard, StreamSocket socket)
      : Session(shard, std::move(socket), Protocol::kSse, WireFormat::kSse) {}

  void OnReadable() override;

 private:
  FrameRef HeartbeatFrame() override;
  std::string GapFrame(GapReason reason, std::string_view requested,
                       const Cursor& resume_at) override;
  std::string ClosingFrame(DisconnectReason reason) override;

  uint32_t ignored_bytes_ = 0;  // sent by the client
};

}  // namespace sluice::edge
