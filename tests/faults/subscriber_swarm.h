#pragma once

#include <cstdint>
#include <queue>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/faults/history.h"
#include "tests/faults/subscriber.h"

namespace sluice::faults {

struct SwarmOptions {
  std::vector<uint16_t> edges;   // ports of 127.0.0.1
  uint32_t subscribers = 1;      // the i-th is user u<i> and begins at edge i modulo their number
  uint32_t topics = 0;           // there are topics t0 to t<topics-1>
  uint32_t topic_followers = 0;  // the first so many follow topic t<i modulo topics>
  std::string shared_topic;      // if set: everybody follows it too
  std::vector<bench::Wire> wires = {bench::Wire::kSse};  // that they speak, in turn
  double retry_scale = 1.0;                              // of the server's `retry:`
  int64_t retry_cap_ms = 2'000;
  int64_t connect_timeout_ms = 10'000;  // until `connected`
  bool together = false;                // all begin at the first edge
  uint32_t sources = 8;                 // addresses from 127.0.0.2
};

// What may befall a session that is reached through other edges and NATS (SockJS over xhr) and no
// other is counted apart.
struct SwarmCounts {
  uint64_t events = 0;
  uint64_t gaps = 0;
  uint64_t closings = 0;
  uint64_t xhr_closings = 0;
  uint64_t disconnects = 0;
  uint64_t xhr_disconnects = 0;
  uint64_t connections = 0;  // `connected` came
  uint64_t resumed = 0;      // of these, with their cursor
  uint64_t refusals = 0;     // ended before `connected`
  uint64_t malformed = 0;
};

// Many user agents on one epoll that behave as an EventSource does, whatever they speak: each reads
// its stream, keeps the last id, and when the stream ends or is refused goes to the next edge with
// its cursor after the server's `retry:`, spread. A client of SockJS over xhr has each request of a
// session go to another edge than the one before, as without sticky sessions. Everything that is
// seen is written to the history; nothing is judged here. Thread: one.
class SubscriberSwarm {
 public:
  // `command_fd` is watched too, so that a command interrupts a turn.
  SubscriberSwarm(SwarmOptions options, History* history, int command_fd);
  ~SubscriberSwarm();
  SubscriberSwarm(const SubscriberSwarm&) = delete;
  SubscriberSwarm& operator=(const SubscriberSwarm&) = delete;

  // Handles what is ready, waiting at most `timeout_ms`. True if a command can be read.
  bool Turn(int timeout_ms);

  // The first `count` close their streams and stay away until Return.
  void Leave(uint32_t count);
  void Return();
  void CloseAll();

  uint32_t connected() const { return connected_; }
  // How many are not connected, or have a cursor of another epoch or below `id`.
  uint32_t Behind(const EventId& id) const;
  const SwarmCounts& counts() const { return counts_; }
  const std::vector<Subscriber>& subscribers() const { return subscribers_; }

 private:
  using Due = std::pair<int64_t, uint32_t>;  // when, which subscriber

  void Follow(Subscriber& subscriber, const std::string& topic);
  void StartDue();
  void Connect(Subscriber& subscriber);
  void SendRequest(Subscriber& subscriber, int operation);
  void Read(Subscriber& subscriber);
  void Continue(Subscriber& subscriber);
  int AskElsewhere(Subscriber& subscriber, uint64_t tag, const std::string& request);
  bool AskAgain(Subscriber& subscriber, int* fd, uint32_t* hops_left, uint64_t tag,
                const std::string& request);
  void QueueSend(Subscriber& subscriber, std::string request);
  void BeginSend(Subscriber& subscriber);
  void WriteSend(Subscriber& subscriber);
  void ReadSendAnswer(Subscriber& subscriber);
  bool Write(int fd, uint64_t tag, const std::string& request, int operation);
  void Take(Subscriber& subscriber, const bench::StreamBlock& block);
  void TakeConnected(Subscriber& subscriber, const bench::StreamBlock& block);
  void TakeEvent(Subscriber& subscriber, const bench::StreamBlock& block);
  void End(Subscriber& subscriber, std::string_view how);
  void Close(Subscriber& subscriber, std::string_view how);
  void WaitUntil(Subscriber& subscriber, int64_t due_ns);

  const SwarmOptions options_;
  History* const history_;
  const int epoll_;
  std::vector<Subscriber> subscribers_;
  std::vector<char> buffer_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::mt19937 random_;
  uint32_t connected_ = 0;
  SwarmCounts counts_;
};

}  // namespace sluice::faults
