#include "tests/bench/swarm.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "tests/bench/bench_clock.h"

namespace sluice::bench {
namespace {

constexpr size_t kReadBytes = 256u << 10;
constexpr size_t kEventsPerTurn = 1024;
constexpr uint64_t kCommandTag = UINT64_MAX;
constexpr int64_t kTrickleIntervalNs = 1'000'000'000;

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::exit(1);
}

}  // namespace

Swarm::Swarm(SwarmOptions options, int command_fd)
    : options_(std::move(options)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      sessions_(options_.sessions),
      buffer_(kReadBytes) {
  if (epoll_ < 0) Die("epoll_create1");
  epoll_event event = {.events = EPOLLIN, .data = {.u64 = kCommandTag}};
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, command_fd, &event) != 0) Die("epoll_ctl of the commands");
  const double fraction = std::clamp(options_.parse_fraction, 0.0, 1.0);
  double share = 1.0;  // the first session parses, so that a sample is never empty
  for (uint32_t i = 0; i < options_.sessions; ++i, share += fraction) {
    LoadSession& session = sessions_[i];
    session.user =
        options_.user.empty() ? "u" + std::to_string(options_.first_user + i) : options_.user;
    session.mode = options_.read_mode;
    if (share >= 1.0 && fraction > 0) {
      session.mode = ReadMode::kParse;
      share -= 1.0;
    }
  }
}

Swarm::~Swarm() {
  Close();
  close(epoll_);
}

void Swarm::Open(std::string cursor) {
  Close();
  cursor_ = std::move(cursor);
  opened_ = connected_ = failed_ = ended_ = 0;
  for (LoadSession& session : sessions_) session.check = DeliveryCheck();
  ResetCounts();
  OpenMore();
}

void Swarm::Close() {
  for (LoadSession& session : sessions_) {
    if (session.fd >= 0) close(session.fd);
    session.fd = -1;
    session.state = LoadSession::State::kClosed;
    session.stream.reset();
  }
}

void Swarm::Drain() {
  for (LoadSession& session : sessions_) {
    const bool slow = session.mode == ReadMode::kStall || session.mode == ReadMode::kTrickle;
    if (!slow || session.state != LoadSession::State::kConnected) continue;
    session.mode = ReadMode::kParse;
    Watch(session, EPOLLIN, EPOLL_CTL_ADD);
  }
}

void Swarm::ResetCounts() {
  bytes_ = reads_ = 0;
  totals_.Reset();
  for (LoadSession& session : sessions_) {
    session.bytes = 0;
    session.check.Reset();
  }
}

bool Swarm::Turn(int timeout_ms) {
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
    LoadSession& session = sessions_[event.data.u64];
    if (event.events & EPOLLOUT) {
      SendRequest(session, EPOLL_CTL_MOD);
    } else {
      Read(session);
    }
  }
  ReadTrickles();
  return has_command;
}

// Opens sessions while fewer than a window of them are on their way.
void Swarm::OpenMore() {
  while (opened_ < sessions_.size() && opened_ - connected_ - failed_ < options_.connect_window) {
    OpenOne(opened_++);
  }
}

void Swarm::OpenOne(uint32_t index) {
  LoadSession& session = sessions_[index];
  session.fd = ConnectFrom(options_.route, index);
  if (session.fd < 0) {
    if (failed_++ == 0) std::perror("stream_load: connect");
    return;
  }
  session.state = LoadSession::State::kConnecting;
  session.stream = OpenStream(options_.wire,
                              {.topics = options_.topics, .cursor = cursor_, .user = session.user});
  SendRequest(session, EPOLL_CTL_ADD);
}

// On loopback the handshake is mostly over when connect() returns; if not, waits for it.
// `operation`: ADD the first time, MOD after the wait.
void Swarm::SendRequest(LoadSession& session, int operation) {
  const std::string request = Request(session);
  const ssize_t sent = send(session.fd, request.data(), request.size(), MSG_NOSIGNAL);
  if (sent == static_cast<ssize_t>(request.size())) {
    Watch(session, EPOLLIN, operation);
  } else if (sent < 0 && errno == EAGAIN) {
    Watch(session, EPOLLOUT, operation);
  } else {
    Fail(session);
  }
}

bool Swarm::SendReply(LoadSession& session) {
  const std::string reply = session.stream->TakeReply();
  if (reply.empty()) return true;
  const ssize_t sent = send(session.fd, reply.data(), reply.size(), MSG_NOSIGNAL);
  if (sent == static_cast<ssize_t>(reply.size())) return true;
  End(session);
  return false;
}

std::string Swarm::Request(const LoadSession& session) const {
  StreamStart start{.topics = options_.topics, .cursor = cursor_, .user = session.user};
  if (options_.cursor_in_query && !cursor_.empty()) {
    start.user += "&last_event_id=" + std::exchange(start.cursor, {});
  }
  std::string headers;
  if (!options_.tokens.empty()) {
    const auto index = static_cast<size_t>(&session - sessions_.data());
    headers = "Authorization: Bearer " + options_.tokens.at(options_.first_user + index) + "\r\n";
  }
  return StreamRequest(options_.wire, start, headers);
}

void Swarm::Read(LoadSession& session) {
  ++reads_;
  if (session.mode == ReadMode::kCount && session.state == LoadSession::State::kConnected) {
    ReadCounting(session);
  } else {
    ReadParsing(session);
  }
}

void Swarm::ReadCounting(LoadSession& session) {
  const ssize_t got = recv(session.fd, nullptr, 1u << 30, MSG_TRUNC | MSG_DONTWAIT);
  if (got > 0) {
    session.bytes += static_cast<uint64_t>(got);
    bytes_ += static_cast<uint64_t>(got);
  } else if (got == 0 || errno != EAGAIN) {
    End(session);
  }
}

void Swarm::ReadParsing(LoadSession& session) {
  // A slow session takes no more than the head and `connected` here, which arrive first.
  const ssize_t got = recv(session.fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) {
    End(session);
    return;
  }
  TakeBytes(session, {buffer_.data(), static_cast<size_t>(got)});
}

void Swarm::TakeBytes(LoadSession& session, std::string_view bytes) {
  const int64_t now = NowNs();
  while (!bytes.empty()) {
    const size_t taken = session.stream->Feed(bytes, [&](const StreamBlock& block) {
      const bool counting_events = session.state == LoadSession::State::kConnected;
      if (!counting_events && block.event == "connected") {
        session.check.Take(block, session.user, now, &totals_);
        SetConnected(session);
        return session.mode == ReadMode::kParse;
      }
      if (!counting_events && block.id.empty()) return true;  // `retry:` comes before
      const uint64_t before = totals_.events;
      session.check.Take(block, session.user, now, &totals_);
      if (totals_.events == before) return true;
      session.bytes += block.octets;
      bytes_ += block.octets;
      return true;
    });
    bytes.remove_prefix(taken);
    if (!SendReply(session)) return;
    if (session.stream->state() == ClientStream::State::kBroken) {
      End(session);
      return;
    }
    if (options_.is_foreign && session.state == LoadSession::State::kConnecting &&
        session.stream->state() == ClientStream::State::kBody) {
      SetConnected(session);
    }
    const bool now_connected = session.state == LoadSession::State::kConnected;
    if (now_connected && session.mode == ReadMode::kCount) {
      session.stream.reset();
      session.bytes += bytes.size();
      bytes_ += bytes.size();
      return;
    }
  }
}

void Swarm::SetConnected(LoadSession& session) {
  session.state = LoadSession::State::kConnected;
  ++connected_;
  if (session.mode == ReadMode::kStall || session.mode == ReadMode::kTrickle) {
    Watch(session, 0, EPOLL_CTL_DEL);
  }
  OpenMore();
}

void Swarm::ReadTrickles() {
  if (options_.read_mode != ReadMode::kTrickle || NowNs() < next_trickle_ns_) return;
  next_trickle_ns_ = NowNs() + kTrickleIntervalNs;
  for (LoadSession& session : sessions_) {
    if (session.mode != ReadMode::kTrickle || session.state != LoadSession::State::kConnected) {
      continue;
    }
    char octet;
    if (recv(session.fd, &octet, 1, MSG_DONTWAIT) == 1) TakeBytes(session, {&octet, 1});
  }
}

void Swarm::Fail(LoadSession& session) {
  close(session.fd);
  session.fd = -1;
  session.state = LoadSession::State::kClosed;
  ++failed_;
  OpenMore();
}

void Swarm::End(LoadSession& session) {
  if (session.state == LoadSession::State::kConnecting) {
    Fail(session);
    return;
  }
  close(session.fd);
  session.fd = -1;
  session.state = LoadSession::State::kClosed;
  ++ended_;
}

void Swarm::Watch(LoadSession& session, uint32_t events, int operation) {
  epoll_event event = {.events = events,
                       .data = {.u64 = static_cast<uint64_t>(&session - sessions_.data())}};
  if (epoll_ctl(epoll_, operation, session.fd, &event) != 0) Die("epoll_ctl");
}

}  // namespace sluice::bench
