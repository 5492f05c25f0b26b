#include "edge/engine/connection.h"

#include <sys/socket.h>

#include <cerrno>

#include "edge/engine/shard.h"

namespace sluice::edge {
namespace {

constexpr std::chrono::seconds kLinger{2};
constexpr int kMaxReads = 16;  // of the shard's buffer; more is abuse

}  // namespace

Connection::Connection(Shard* shard, StreamSocket socket)
    : shard_(*shard), id_(shard->NextConnectionId()), socket_(std::move(socket)) {}

LingeringConnection::LingeringConnection(Shard* shard, StreamSocket socket)
    : Connection(shard, std::move(socket)) {
  this->socket().EndSending();
  shard->wheel().Set(this, TimerWheel::Ticks(kLinger));
}

void LingeringConnection::OnReadable() {
  for (int i = 0; i < kMaxReads; ++i) {
    const auto buffer = shard_.buffer();
    const ssize_t n = recv(fd(), buffer.data(), buffer.size(), 0);
    if (n > 0) continue;
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    break;
  }
  shard_.Remove(this);
}

void LingeringConnection::OnDeadline() { shard_.Remove(this); }

}  // namespace sluice::edge
