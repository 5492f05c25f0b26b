#pragma once

#include <array>
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
#include "edge/engine/address_quota.h"
#include "edge/engine/connection.h"
#include "edge/engine/frame.h"
#include "edge/engine/head_waiter.h"
#include "edge/engine/mailbox.h"
#include "edge/engine/ring.h"
#include "edge/engine/scratch.h"
#include "edge/engine/session_quota.h"
#include "edge/engine/shard_stats.h"
#include "edge/engine/timer_wheel.h"
#include "edge/engine/wire_format.h"
#include "edge/http/origin_policy.h"
#include "edge/http/route.h"
#include "edge/inbound/message_router.h"
#include "edge/memory_level.h"
#include "edge/renewal.h"
#include "edge/tls/tls_context.h"

namespace sluice::edge {

class HttpConnection;
class SockJsRouter;
class SockJsTable;

// What all shards of an edge share. Thread: any (constant, or safe in itself).
struct EdgeContext {
  EdgeOptions options;
  RetentionOptions retention;
  std::unique_ptr<Authenticator> authenticator;
  std::vector<HttpRoute> routes;
  OriginPolicy origins;
  std::unique_ptr<TlsContext> tls;  // null: plain text
  const Clock* clock;
  Logger* logger;                      // null: silent
  std::function<void()> request_head;  // asks the log where it ends; thread: any
  // Has the edge of the session renew it; thread: any, `done` on any.
  std::function<void(Renewal, std::function<void(RenewalResult)> done)> renew;
  std::string edge_id;  // of ConnectionId
  SessionQuota sessions;
  AddressQuota addresses;
  MessageRouter router;
  std::atomic<MemoryLevel> memory_level{MemoryLevel::kNormal};
  double accepts_per_second = 0;  // of each shard; 0: no limit
  RevocationTable revocations = RevocationTable();
  SockJsRouter* sockjs = nullptr;  // set before the shards start
};

// One thread of the edge: an epoll loop with its own listener, ring, sessions and counters. Nothing
// is shared with other shards, so nothing on the way from "event reached the shard" to "bytes
// handed to the socket" locks, waits or allocates. Others reach it through its mailbox alone.
// Thread: Start, Join and the destructor on main, stats() and mailbox() on any, the rest on its
// own. Owner: Edge.
class Shard {
 public:
  // `index`: its place among the shards of the edge.
  Shard(EdgeContext* context, uint32_t index, FileDescriptor listener);
  ~Shard();

  void Start();
  // Waits for the thread, which ends after a StopShard message.
  void Join();
  Mailbox& mailbox() { return mailbox_; }
  // The same for who may outlive the shard.
  const std::shared_ptr<MailboxPort>& port() const { return port_; }
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
  // For the octets of one write.
  Scratch& scratch() { return scratch_; }
  bool is_caught_up() const { return is_caught_up_; }
  // No session begins any more.
  bool is_draining() const { return is_draining_; }
  bool is_stopping() const { return is_stopping_; }
  // As of this turn of the loop.
  WallTime wall_now() const { return wall_now_; }
  uint32_t index() const { return index_; }
  uint64_t NextConnectionId() { return next_connection_id_++; }

  // Takes over `connection` in place of the one that had its descriptor.
  void Add(std::unique_ptr<Connection> connection);
  // Closes the socket and destroys the connection at the end of this turn of the loop.
  void Remove(Connection* connection);
  // Closes `socket` when its peer has; replaces the connection that it was taken from.
  void Linger(StreamSocket socket);
  // Has the loop call the connection on `socket`, once there is one. False: the kernel is out of
  // memory or watches.
  bool Watch(const FileDescriptor& socket);
  // The connection `id` on `fd`; null if it is gone.
  Connection* Find(int fd, uint64_t id) const;
  SockJsTable& sockjs() { return *sockjs_; }
  // Asks the log where it ends, for one who is not waiting yet.
  void AwaitHead(HeadWaiter* waiter);
  void StopAwaitingHead(HeadWaiter* waiter);

  // What moves the cursor of an idle session to the head, in one format; shared by them.
  template <typename Encode>
  FrameRef HeartbeatFrame(WireFormat format, Encode encode);
  void ObserveLatency(const Event& event) {
    stats_.delivery_latency.Observe(wall_now_ - event.published());
  }
  // The setting +-25 % (times up to `spread`), so that clients do not come back together.
  std::chrono::milliseconds JitteredRetry(int spread);
  std::chrono::milliseconds JitteredMaxAge();  // 0: none

 private:
  void Run();
  bool Turn();
  void Wait();
  void Dispatch(int fd, uint32_t events);
  void Accept();
  // False: the kernel is out of memory or watches.
  bool Admit(FileDescriptor socket, const sockaddr_storage& peer);
  // False: as many were accepted as may be by now.
  bool MayAccept();
  void AcceptFailed();
  void PauseAccepting(std::chrono::milliseconds pause);
  void ResumeAccepting();
  Connection* At(int fd) const;
  void ReadMailbox();
  void Handle(const LogEpoch& message);
  void Handle(const LogEvents& message);
  void Handle(const LogHole& message);
  void Handle(const LogHead& message);
  void Handle(const RouteAnswer& message);
  void Handle(const Revoked& message);
  void Handle(const RenewSession& message);
  void Handle(const SendAnswered& message);
  void Handle(const EndSlowest& message);
  void Handle(const DrainShard& message);
  void Handle(const StopShard& message);
  void Handle(const RunTask& message) { message.run(this); }
  // Ends as many sessions as the time since the drain began asks for.
  void DrainSessions(SteadyTime now);
  void WriteReady();
  // One turn for each session that is ready now, before events leave that it could have read.
  void OfferToReady();
  void EndOfTurn();
  // `epoch`: that in which the sessions were.
  void TellAllSessions(GapReason reason, const Epoch& epoch);
  void PublishStats();
  double Random(double low, double high);

  // Constant after construction.
  EdgeContext& context_;
  const uint32_t index_;
  FileDescriptor epoll_;
  FileDescriptor wake_;

  // Shared with other threads.
  Mailbox mailbox_;
  const std::shared_ptr<MailboxPort> port_;
  ShardStats stats_;

  // Shard only. Connections are destroyed before what they refer to.
  FileDescriptor listener_;
  TimerWheel wheel_;
  ReadyQueue ready_;
  Ring ring_;
  std::vector<char> buffer_;
  Scratch scratch_;
  std::vector<Message> messages_;
  std::vector<HeadWaiter*> awaiting_head_;
  std::unique_ptr<SockJsTable> sockjs_;
  std::vector<std::unique_ptr<Connection>> connections_;  // by descriptor
  std::vector<std::unique_ptr<Connection>> removed_;
  uint64_t next_connection_id_ = 1;
  size_t open_connections_ = 0;
  bool is_caught_up_ = false;
  bool is_accepting_ = true;
  double acceptances_ = 0;  // that may be taken at once
  SteadyTime acceptances_at_{};
  Tick resume_accepting_ = 0;
  bool is_draining_ = false;
  DrainShard drain_;  // while sessions are being ended
  SteadyTime drain_start_;
  uint64_t sessions_to_drain_ = 0;  // at its start
  uint64_t sessions_drained_ = 0;
  size_t next_to_drain_ = 0;  // index into connections_
  bool is_stopping_ = false;
  SteadyTime stop_deadline_;
  WallTime wall_now_;
  std::array<FrameRef, kWireFormats> heartbeats_;
  std::array<uint64_t, kWireFormats> heartbeat_sequences_{};
  std::minstd_rand random_;
  std::thread thread_;
};

template <typename Encode>
FrameRef Shard::HeartbeatFrame(WireFormat format, Encode encode) {
  const auto index = static_cast<size_t>(format);
  if (!heartbeats_[index] || heartbeat_sequences_[index] != ring_.head_sequence()) {
    heartbeat_sequences_[index] = ring_.head_sequence();
    heartbeats_[index] = FrameRef::Copy(encode(ring_.head()));
  }
  return heartbeats_[index];
}

}  // namespace sluice::edge
