#include "edge/sse/sse_session.h"

#include <cerrno>

#include "edge/engine/shard.h"
#include "edge/sse/sse_codec.h"

namespace sluice::edge {
namespace {

// What a client may send on a stream in all, though there is nothing that it could say.
constexpr uint32_t kMaxIgnoredBytes = 256u << 10;

}  // namespace

void SseSession::OnReadable() {
  // Browsers send nothing on a stream; what comes is read away, within reason.
  while (ignored_bytes_ <= kMaxIgnoredBytes) {
    const auto buffer = shard().buffer();
    const ssize_t n = socket().Receive(buffer);
    if (n > 0) {
      ignored_bytes_ += static_cast<uint32_t>(n);
      continue;
    }
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    return End(n == 0 || errno == ECONNRESET ? DisconnectReason::kClient
                                             : DisconnectReason::kNetwork);
  }
  End(DisconnectReason::kProtocol);
}

FrameRef SseSession::HeartbeatFrame() {
  return shard().HeartbeatFrame(WireFormat::kSse, SseCursorBlock);
}

std::string SseSession::GapFrame(GapReason reason, std::string_view requested,
                                 const Cursor& resume_at) {
  return SseGapBlock(reason, requested, resume_at);
}

std::string SseSession::ClosingFrame(DisconnectReason reason) { return SseClosingBlock(reason); }

}  // namespace sluice::edge
