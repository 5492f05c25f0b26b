#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <span>
#include <thread>
#include <vector>

#include "core/clock.h"
#include "core/logging.h"
#include "core/options.h"
#include "edge/auth/authenticator.h"
#include "edge/engine/connection.h"
#include "edge/engine/frame.h"
#include "edge/engine/mailbox.h"
#include "edge/engine/ring.h"
#include "edge/engine/shard_stats.h"
#include "edge/engine/timer_wheel.h"
#include "edge/http/origin_policy.h"
#include "edge/http/route.h"

namespace sluice::edge {

class HttpConnection;

// What all shards of an edge share. Thread: any (constant, but for the atomic).
struct EdgeContext {
  EdgeOptions options;
  RetentionOptions retention;
  std::unique_ptr<Authenticator> authenticator;
  std::vector<HttpRoute> routes;
  OriginPolicy origins;
  const Clock* clock;
  Logger* logger;                          // null: silent
  std::function<void()> request_head;      // asks the log where it ends; thread: any
  std::atomic<uint32_t> sessions_left{0};  // of options.max_sessions
};

// One thread of the edge: an epoll loop with its own listener, ring, sessions and counters. Nothing
// is shared with other shards, so nothing on the way from "event reached the shard" to "bytes
// handed to the socket" locks, waits or allocates. Others reach it through its mailbox alone.
// Thread: Start, Join and the destructor on main, stats() and mailbox() on any, the rest on its
// own. Owner: Edge.
class Shard {
 public:
  Shard(EdgeContext* context, FileDescriptor listener);
  ~Shard();

  void Start();
  // Waits for the thread, which ends after a StopShard message.
  void Join();
  Mailbox& mailbox() { return mailbox_; }
  const ShardStats& stats() const { return stats_; }
  ShardStats& stats() { return stats_; }

  // For connections.
  const EdgeOptions& options() const { return context_.options; }
  EdgeContext& context() { return context_; }
  Ring& ring() { return ring_; }
  const Ring& ring() const { return ring_; }
  TimerWheel& wheel() { return wheel_; }
  ReadyQueue& ready() { return ready_; }
  // One buffer for all reads; its content is good until the next read.
  std::span<char> buffer() { return buffer_; }
  bool is_caught_up() const { return is_caught_up_; }
  uint64_t NextConnectionId() { return next_connection_id_++; }

  // Takes over `connection` in place of the one that had its descriptor.
  void Add(std::unique_ptr<Connection> connection);
  // Closes the socket and destroys the connection at the end of this turn of the loop.
  void Remove(Connection* connection);
  // Closes `socket` when its peer has; replaces the connection that it was taken from.
  void Linger(FileDescriptor socket);
  // One of the sessions that the process may have; given back by Session's end.
  bool TakeSessionSlot();
  void ReturnSessionSlot() { context_.sessions_left.fetch_add(1, std::memory_order_relaxed); }
  // A request that cannot begin until the log has said where it ends; see HttpConnection.
  void AwaitHead(HttpConnection* connection);
  void StopAwaitingHead(HttpConnection* connection);

  FrameRef HeartbeatFrame();
  void ObserveLatency(const Event& event) {
    stats_.delivery_latency.Observe(wall_now_ - event.published());
  }
  // The setting +-25 % (times up to `spread`), so that clients do not come back together.
  std::chrono::milliseconds JitteredRetry(int spread);
  std::chrono::milliseconds JitteredMaxAge();  // 0: none
  Cursor previous_cursor(uint64_t sequence) const { return {previous_epoch_, sequence}; }

 private:
  void Run();
  bool Turn();
  void Wait();
  void Dispatch(int fd, uint32_t events);
  void Accept();
  void PauseAccepting();
  void ResumeAccepting();
  Connection* At(int fd) const;
  void ReadMailbox();
  void Handle(const LogEpoch& message);
  void Handle(const LogEvents& message);
  void Handle(const LogHole& message);
  void Handle(const LogHead& message);
  void Handle(const RouteAnswer& message);
  void Handle(const StopShard& message);
  void WriteReady();
  void EndOfTurn();
  void TellAllSessions(GapReason reason);
  void PublishStats();
  double Random(double low, double high);

  // Constant after construction.
  EdgeContext& context_;
  FileDescriptor epoll_;
  FileDescriptor wake_;

  // Shared with other threads.
  Mailbox mailbox_;
  ShardStats stats_;

  // Shard only. Connections are destroyed before what they refer to.
  FileDescriptor listener_;
  TimerWheel wheel_;
  ReadyQueue ready_;
  Ring ring_;
  std::vector<char> buffer_;
  std::vector<Message> messages_;
  std::vector<std::unique_ptr<Connection>> connections_;  // by descriptor
  std::vector<std::unique_ptr<Connection>> removed_;
  std::vector<HttpConnection*> awaiting_head_;
  uint64_t next_connection_id_ = 1;
  size_t open_connections_ = 0;
  bool is_caught_up_ = false;
  bool is_accepting_ = true;
  Tick resume_accepting_ = 0;
  bool is_stopping_ = false;
  SteadyTime stop_deadline_;
  WallTime wall_now_;
  Epoch previous_epoch_;
  FrameRef heartbeat_;
  uint64_t heartbeat_sequence_ = 0;
  std::minstd_rand random_;
  std::thread thread_;
};

}  // namespace sluice::edge
