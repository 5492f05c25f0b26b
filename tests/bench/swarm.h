#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/client_socket.h"
#include "tests/bench/load_session.h"

namespace sluice::bench {

struct SwarmOptions {
  Route route;
  Wire wire = Wire::kSse;
  uint32_t sessions = 1;
  uint32_t first_user = 0;                // session i is user u<first_user + i>
  std::string user;                       // if set: of every session
  std::vector<std::string> topics;        // of every session
  std::vector<std::string> tokens;        // of user u0, u1, ...; empty: none is sent
  bool is_foreign = false;                // a server that says no `connected`: the head must do
  bool cursor_in_query = false;           // instead of the header Last-Event-ID
  double parse_fraction = 0.01;           // of the sessions, spread evenly; at least one
  ReadMode read_mode = ReadMode::kCount;  // of the others
  uint32_t connect_window = 512;          // sessions on their way at a time: stay below the backlog
};

// Many sessions on one epoll: connects them, reads them, counts and verifies what comes.
// Thread: one. Sockets are closed by Close and by the destructor.
class Swarm {
 public:
  // `command_fd` is watched too, so that a driver's command interrupts a turn.
  Swarm(SwarmOptions options, int command_fd);
  ~Swarm();
  Swarm(const Swarm&) = delete;
  Swarm& operator=(const Swarm&) = delete;

  // Starts opening all sessions, with `cursor` if it is not empty. Turn() does the work.
  void Open(std::string cursor);
  void Close();
  // Slow sessions parse everything from here on; what they have missed comes now.
  void Drain();
  void ResetCounts();

  // Handles what is ready, waiting at most `timeout_ms`. True if a command can be read.
  bool Turn(int timeout_ms);

  bool all_connected() const { return connected_ + failed_ == sessions_.size(); }
  uint32_t connected() const { return connected_; }
  uint32_t failed() const { return failed_; }  // refused, or ended before `connected`
  uint32_t ended() const { return ended_; }    // by the server, after `connected`
  uint64_t bytes() const { return bytes_; }
  uint64_t reads() const { return reads_; }
  const DeliveryTotals& totals() const { return totals_; }
  const std::vector<LoadSession>& sessions() const { return sessions_; }

 private:
  void OpenMore();
  void OpenOne(uint32_t index);
  void SendRequest(LoadSession& session, int operation);
  // Sends what the protocol has the client say next; Fail if the socket does not take it.
  bool SendReply(LoadSession& session);
  void Fail(LoadSession& session);
  void End(LoadSession& session);
  void Read(LoadSession& session);
  void ReadCounting(LoadSession& session);
  void ReadParsing(LoadSession& session);
  void TakeBytes(LoadSession& session, std::string_view bytes);
  void SetConnected(LoadSession& session);
  void ReadTrickles();
  void Watch(LoadSession& session, uint32_t events, int operation);
  std::string Request(const LoadSession& session) const;

  const SwarmOptions options_;
  const int epoll_;
  std::vector<LoadSession> sessions_;
  std::vector<char> buffer_;
  std::string cursor_;
  uint32_t opened_ = 0;
  uint32_t connected_ = 0;
  uint32_t failed_ = 0;
  uint32_t ended_ = 0;
  uint64_t bytes_ = 0;
  uint64_t reads_ = 0;
  int64_t next_trickle_ns_ = 0;
  DeliveryTotals totals_;
};

}  // namespace sluice::bench
