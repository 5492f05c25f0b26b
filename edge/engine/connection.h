#pragma once

#include <cstdint>

#include "edge/engine/stream_socket.h"
#include "edge/engine/timer_wheel.h"

namespace sluice::edge {

class Shard;

// An accepted socket in one of its lives: HttpConnection until a stream begins, then Session, and
// LingeringConnection while the peer has yet to close. It belongs to the shard that accepted it,
// which calls it when the socket is ready (edge-triggered) and owns it until Remove. Thread: shard.
class Connection : public Timed {
 public:
  Connection(Shard* shard, StreamSocket socket);

  virtual void OnReadable() = 0;
  virtual void OnWritable() = 0;
  // The shard stops: end in good order, within its grace time.
  virtual void OnStop() = 0;

  int fd() const { return socket_.fd(); }
  Shard& shard() { return shard_; }
  // Of this life of the socket; unlike descriptors never used again within the shard.
  uint64_t id() const { return id_; }

 protected:
  StreamSocket& socket() { return socket_; }
  StreamSocket TakeSocket() { return std::move(socket_); }
  Shard& shard_;

 private:
  const uint64_t id_;
  StreamSocket socket_;
};

// A socket whose last byte is written: waits for the peer to close, so that closing does not reset
// the connection and destroy what is still on its way. Thread: shard.
class LingeringConnection final : public Connection {
 public:
  // Ends our direction.
  LingeringConnection(Shard* shard, StreamSocket socket);
  void OnReadable() override;
  void OnWritable() override {}
  void OnDeadline() override;
  void OnStop() override {}
};

}  // namespace sluice::edge
