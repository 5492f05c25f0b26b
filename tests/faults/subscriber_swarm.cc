#include "tests/faults/subscriber_swarm.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <utility>

#include "tests/bench/bench_clock.h"
#include "tests/bench/client_socket.h"
#include "tests/faults/numbered_payload.h"

namespace sluice::faults {
namespace {

using bench::NowNs;
using bench::StreamBlock;

constexpr size_t kReadBytes = 256u << 10;
constexpr size_t kEventsPerTurn = 1024;
constexpr uint64_t kCommandTag = UINT64_MAX;
constexpr uint64_t kSendTag = 1ull << 32;  // beside a subscriber's index: its connection that sends
constexpr int64_t kNsPerMs = 1'000'000;

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::exit(1);
}

const char* NameOf(bench::Wire wire) {
  switch (wire) {
    case bench::Wire::kSse:
      return "sse";
    case bench::Wire::kJson:
      return "json";
    case bench::Wire::kStomp:
      return "stomp";
    case bench::Wire::kSockJs:
      return "sockjs";
    case bench::Wire::kSockJsXhrStreaming:
      return "sockjs-xhr-streaming";
    case bench::Wire::kSockJsXhr:
      return "sockjs-xhr";
  }
  return "";
}

int Width(std::string_view text) { return static_cast<int>(text.size()); }

}  // namespace

SubscriberSwarm::SubscriberSwarm(SwarmOptions options, History* history, int command_fd)
    : options_(std::move(options)),
      history_(history),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      subscribers_(options_.subscribers),
      buffer_(kReadBytes),
      random_(std::random_device()()) {
  if (epoll_ < 0) Die("epoll_create1");
  epoll_event event = {.events = EPOLLIN, .data = {.u64 = kCommandTag}};
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, command_fd, &event) != 0) Die("epoll_ctl of the commands");
  for (uint32_t i = 0; i < options_.subscribers; ++i) {
    Subscriber& subscriber = subscribers_[i];
    subscriber.index = i;
    subscriber.user = "u" + std::to_string(i);
    subscriber.wire = options_.wires[i % options_.wires.size()];
    history_->Write('S', "%u %s %s", i, subscriber.user.c_str(), NameOf(subscriber.wire));
    if (!options_.together) subscriber.edge = i % static_cast<uint32_t>(options_.edges.size());
    if (i < options_.topic_followers && options_.topics > 0) {
      Follow(subscriber, "t" + std::to_string(i % options_.topics));
    }
    if (!options_.shared_topic.empty()) Follow(subscriber, options_.shared_topic);
    WaitUntil(subscriber, 0);
  }
}

SubscriberSwarm::~SubscriberSwarm() {
  CloseAll();
  close(epoll_);
}

void SubscriberSwarm::Follow(Subscriber& subscriber, const std::string& topic) {
  subscriber.topics.push_back(topic);
  history_->Write('T', "%u %s", subscriber.index, topic.c_str());
}

bool SubscriberSwarm::Turn(int timeout_ms) {
  StartDue();
  if (!due_.empty()) {
    const int64_t wait_ms = (due_.top().first - NowNs()) / kNsPerMs + 1;
    timeout_ms = static_cast<int>(std::clamp<int64_t>(wait_ms, 0, timeout_ms));
  }
  std::array<epoll_event, kEventsPerTurn> events;
  const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout_ms);
  if (count < 0 && errno != EINTR) Die("epoll_wait");
  bool has_command = false;
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<size_t>(i)];
    if (event.data.u64 == kCommandTag) {
      has_command = true;
      continue;
    }
    Subscriber& subscriber = subscribers_[event.data.u64 % kSendTag];
    const bool is_writable = (event.events & EPOLLOUT) != 0;
    if (event.data.u64 >= kSendTag) {
      is_writable ? WriteSend(subscriber) : ReadSendAnswer(subscriber);
    } else {
      is_writable ? SendRequest(subscriber, EPOLL_CTL_MOD) : Read(subscriber);
    }
  }
  return has_command;
}

void SubscriberSwarm::Leave(uint32_t count) {
  for (uint32_t i = 0; i < std::min(count, options_.subscribers); ++i) {
    if (subscribers_[i].fd >= 0) Close(subscribers_[i], "own");
    subscribers_[i].state = Subscriber::State::kAway;
  }
}

void SubscriberSwarm::Return() {
  for (Subscriber& subscriber : subscribers_) {
    if (subscriber.state == Subscriber::State::kAway) WaitUntil(subscriber, NowNs());
  }
}

void SubscriberSwarm::CloseAll() { Leave(options_.subscribers); }

uint32_t SubscriberSwarm::Behind(const EventId& id) const {
  uint32_t behind = 0;
  for (const Subscriber& subscriber : subscribers_) {
    const bool is_there = subscriber.state == Subscriber::State::kConnected &&
                          subscriber.cursor.sequence >= id.sequence &&
                          subscriber.cursor.epoch == id.epoch;
    if (!is_there) ++behind;
  }
  return behind;
}

// An entry that its subscriber no longer waits for (it connected, or waits for another time) is
// dropped here.
void SubscriberSwarm::StartDue() {
  const int64_t now = NowNs();
  while (!due_.empty() && due_.top().first <= now) {
    const auto [due_ns, index] = due_.top();
    due_.pop();
    Subscriber& subscriber = subscribers_[index];
    if (subscriber.due_ns != due_ns) continue;
    if (subscriber.state == Subscriber::State::kWaiting) {
      Connect(subscriber);
    } else if (subscriber.state == Subscriber::State::kConnecting) {
      End(subscriber, "timeout");
    }
  }
}

void SubscriberSwarm::Connect(Subscriber& subscriber) {
  const std::string cursor = subscriber.cursor.epoch.empty() ? "-" : subscriber.cursor.ToString();
  ++subscriber.connection;
  subscriber.hops = subscriber.hops_left = 0;
  subscriber.stream = bench::OpenStream(subscriber.wire, subscriber.Start());
  subscriber.request = bench::StreamRequest(subscriber.wire, subscriber.Start());
  subscriber.state = Subscriber::State::kConnecting;
  history_->Write('O', "%u %u %u %s", subscriber.index, subscriber.connection, subscriber.edge,
                  cursor.c_str());
  const bench::Route route = {.port = options_.edges[subscriber.edge], .sources = options_.sources};
  subscriber.fd = bench::ConnectFrom(route, subscriber.index);
  if (subscriber.fd < 0) {
    End(subscriber, "refused");
    return;
  }
  subscriber.due_ns = NowNs() + options_.connect_timeout_ms * kNsPerMs;
  due_.emplace(subscriber.due_ns, subscriber.index);
  SendRequest(subscriber, EPOLL_CTL_ADD);
}

// `operation`: ADD the first time, MOD after a wait for the handshake.
void SubscriberSwarm::SendRequest(Subscriber& subscriber, int operation) {
  if (subscriber.fd < 0) return;  // left in this very turn
  if (Write(subscriber.fd, subscriber.index, subscriber.request, operation)) return;
  const bool asks = AskAgain(subscriber, &subscriber.fd, &subscriber.hops_left, subscriber.index,
                             subscriber.request);
  if (!asks) End(subscriber, "refused");
}

// Once `fd` has taken `request`, waits for the answer, else for the handshake. False: refused.
bool SubscriberSwarm::Write(int fd, uint64_t tag, const std::string& request, int operation) {
  const ssize_t sent = send(fd, request.data(), request.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(request.size()) && !(sent < 0 && errno == EAGAIN)) return false;
  epoll_event event = {.events = sent < 0 ? uint32_t{EPOLLOUT} : uint32_t{EPOLLIN},
                       .data = {.u64 = tag}};
  if (epoll_ctl(epoll_, operation, fd, &event) != 0) Die("epoll_ctl");
  return true;
}

void SubscriberSwarm::Read(Subscriber& subscriber) {
  if (subscriber.fd < 0) return;  // left in this very turn
  const ssize_t got = recv(subscriber.fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) {
    End(subscriber, got == 0 ? "eof" : "reset");
    return;
  }
  subscriber.stream->Feed({buffer_.data(), static_cast<size_t>(got)},
                          [&](const StreamBlock& block) {
                            Take(subscriber, block);
                            return true;
                          });
  const std::string reply = subscriber.stream->TakeReply();
  if (subscriber.stream->state() == bench::ClientStream::State::kBroken) {
    End(subscriber, "status-" + std::to_string(subscriber.stream->status()));
    return;
  }
  QueueSend(subscriber, subscriber.stream->TakeSend());
  if (subscriber.fd >= 0 && subscriber.stream->state() == bench::ClientStream::State::kOver) {
    Continue(subscriber);
  } else if (!reply.empty() && send(subscriber.fd, reply.data(), reply.size(), MSG_NOSIGNAL) !=
                                   static_cast<ssize_t>(reply.size())) {
    End(subscriber, "reset");
  }
}

// The response has ended in good order: the next comes from another edge.
void SubscriberSwarm::Continue(Subscriber& subscriber) {
  close(subscriber.fd);
  subscriber.request = subscriber.stream->NextRequest();
  subscriber.fd = AskElsewhere(subscriber, subscriber.index, subscriber.request);
  if (subscriber.fd < 0) {
    End(subscriber, "refused");
    return;
  }
  subscriber.hops_left = static_cast<uint32_t>(options_.edges.size());
  QueueSend(subscriber, subscriber.stream->TakeSend());
}

// Asks the next edge in turn that listens, as a load balancer does; -1: none. The connection, which
// is watched under `tag`.
int SubscriberSwarm::AskElsewhere(Subscriber& subscriber, uint64_t tag,
                                  const std::string& request) {
  for (size_t i = 0; i < options_.edges.size(); ++i) {
    const size_t edge = (subscriber.edge + ++subscriber.hops) % options_.edges.size();
    const bench::Route route = {.port = options_.edges[edge], .sources = options_.sources};
    const int fd = bench::ConnectFrom(route, subscriber.index);
    if (fd >= 0 && Write(fd, tag, request, EPOLL_CTL_ADD)) return fd;
    if (fd >= 0) close(fd);
  }
  return -1;
}

// A busy machine says of an edge only after the call to connect that it does not listen. False: the
// request began at no other edge, or has been at all of them.
bool SubscriberSwarm::AskAgain(Subscriber& subscriber, int* fd, uint32_t* hops_left, uint64_t tag,
                               const std::string& request) {
  if (*hops_left == 0) return false;
  --*hops_left;
  close(*fd);
  *fd = AskElsewhere(subscriber, tag, request);
  return *fd >= 0;
}

void SubscriberSwarm::QueueSend(Subscriber& subscriber, std::string request) {
  if (request.empty() || subscriber.fd < 0) return;
  subscriber.sends.push_back(std::move(request));
  if (subscriber.send_fd < 0) BeginSend(subscriber);
}

void SubscriberSwarm::BeginSend(Subscriber& subscriber) {
  subscriber.send_answer.clear();
  subscriber.send_hops_left = static_cast<uint32_t>(options_.edges.size());
  subscriber.send_fd =
      AskElsewhere(subscriber, kSendTag | subscriber.index, subscriber.sends.front());
  if (subscriber.send_fd < 0) End(subscriber, "refused");
}

// After a wait for the handshake.
void SubscriberSwarm::WriteSend(Subscriber& subscriber) {
  if (subscriber.send_fd < 0) return;
  const uint64_t tag = kSendTag | subscriber.index;
  if (Write(subscriber.send_fd, tag, subscriber.sends.front(), EPOLL_CTL_MOD)) return;
  const bool asks = AskAgain(subscriber, &subscriber.send_fd, &subscriber.send_hops_left, tag,
                             subscriber.sends.front());
  if (!asks) End(subscriber, "refused");
}

// Unless it is 204, nobody knows what was taken, and the session is given up.
void SubscriberSwarm::ReadSendAnswer(Subscriber& subscriber) {
  constexpr std::string_view kTaken = "HTTP/1.1 204 ";
  if (subscriber.send_fd < 0) return;
  const ssize_t got = recv(subscriber.send_fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return;
  if (got > 0) subscriber.send_answer.append(buffer_.data(), static_cast<size_t>(got));
  const std::string_view answer = subscriber.send_answer;
  if (got > 0 && answer.size() < kTaken.size()) return;
  if (!answer.starts_with(kTaken)) {
    End(subscriber, "send-refused");
    return;
  }
  close(std::exchange(subscriber.send_fd, -1));
  subscriber.sends.pop_front();
  if (!subscriber.sends.empty()) BeginSend(subscriber);
}

void SubscriberSwarm::Take(Subscriber& subscriber, const StreamBlock& block) {
  if (!block.retry.empty()) {
    std::from_chars(block.retry.begin(), block.retry.end(), subscriber.retry_ms);
  }
  if (block.event == "closing") {
    const std::string_view reason = StringField(block.data, "reason");
    ++(subscriber.is_xhr() ? counts_.xhr_closings : counts_.closings);
    history_->Write('X', "%u %u %.*s", subscriber.index, subscriber.connection, Width(reason),
                    reason.data());
    return;
  }
  if (!block.has_data && block.id.empty()) return;  // `retry:` alone
  if (!EventId::Read(block.id, &subscriber.cursor)) {
    ++counts_.malformed;
    history_->Write('M', "%u %u", subscriber.index, subscriber.connection);
  } else if (block.event == "connected") {
    TakeConnected(subscriber, block);
  } else {
    TakeEvent(subscriber, block);
  }
}

void SubscriberSwarm::TakeConnected(Subscriber& subscriber, const StreamBlock& block) {
  const bool resumed = block.data.find("\"resumed\":true") != std::string_view::npos;
  const std::string_view user = StringField(block.data, "userId");
  if (subscriber.state == Subscriber::State::kConnecting) ++connected_;
  subscriber.state = Subscriber::State::kConnected;
  ++counts_.connections;
  if (resumed) ++counts_.resumed;
  history_->Write('C', "%u %u %.*s %d %.*s", subscriber.index, subscriber.connection,
                  Width(block.id), block.id.data(), resumed ? 1 : 0, Width(user), user.data());
}

void SubscriberSwarm::TakeEvent(Subscriber& subscriber, const StreamBlock& block) {
  const auto index = subscriber.index, connection = subscriber.connection;
  const auto id = block.id;
  NumberedPayload payload;
  if (!block.has_data) {
    history_->Write('I', "%u %u %.*s", index, connection, Width(id), id.data());
  } else if (block.event == "gap") {
    const auto reason = StringField(block.data, "reason");
    const auto requested = StringField(block.data, "requested");
    const auto resume_at = StringField(block.data, "resumeAt");
    ++counts_.gaps;
    history_->Write('G', "%u %u %.*s %.*s %.*s %.*s", index, connection, Width(id), id.data(),
                    Width(reason), reason.data(), Width(requested), requested.data(),
                    Width(resume_at), resume_at.data());
  } else if (NumberedPayload::Read(block.data, &payload)) {
    ++counts_.events;
    history_->Write('E', "%u %u %.*s %llu %.*s", index, connection, Width(id), id.data(),
                    static_cast<unsigned long long>(payload.number), Width(payload.target),
                    payload.target.data());
  } else {
    ++counts_.malformed;
    history_->Write('M', "%u %u", index, connection);
  }
}

// The connection is over; the subscriber goes to the next edge when the server's delay is over.
void SubscriberSwarm::End(Subscriber& subscriber, std::string_view how) {
  constexpr int64_t kDefaultRetryMs = 1'000;
  if (subscriber.state == Subscriber::State::kConnecting) ++counts_.refusals;
  Close(subscriber, how);
  subscriber.edge = (subscriber.edge + 1) % static_cast<uint32_t>(options_.edges.size());
  const auto told_ms = subscriber.retry_ms > 0 ? subscriber.retry_ms : kDefaultRetryMs;
  const double delay_ms = std::min(static_cast<double>(told_ms) * options_.retry_scale,
                                   static_cast<double>(options_.retry_cap_ms));
  std::uniform_real_distribution<double> spread(0.5, 1.0);
  WaitUntil(subscriber, NowNs() + static_cast<int64_t>(delay_ms * spread(random_) * kNsPerMs));
}

void SubscriberSwarm::Close(Subscriber& subscriber, std::string_view how) {
  history_->Write('D', "%u %u %.*s", subscriber.index, subscriber.connection, Width(how),
                  how.data());
  if (subscriber.state == Subscriber::State::kConnected) {
    --connected_;
    ++(subscriber.is_xhr() ? counts_.xhr_disconnects : counts_.disconnects);
  }
  for (int* const fd : {&subscriber.fd, &subscriber.send_fd}) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
  }
  subscriber.sends.clear();
}

void SubscriberSwarm::WaitUntil(Subscriber& subscriber, int64_t due_ns) {
  subscriber.state = Subscriber::State::kWaiting;
  subscriber.due_ns = due_ns;
  due_.emplace(due_ns, subscriber.index);
}

}  // namespace sluice::faults
