#include "edge/engine/shard.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/check.h"
#include "edge/engine/session.h"
#include "edge/http/http_connection.h"
#include "edge/sse/sse_codec.h"

namespace sluice::edge {
namespace {

constexpr size_t kReadBufferBytes = 64u << 10;
constexpr int kMaxReadyEvents = 256;
constexpr int kMaxAccepts = 128;  // then the others have their turn
constexpr size_t kMaxWritesPerTurn = 256;
constexpr std::chrono::milliseconds kAcceptPause{200};
constexpr double kRetrySpread = 0.25;
constexpr double kMaxAgeSpread = 0.10;

FileDescriptor OpenEpoll() {
  FileDescriptor fd(epoll_create1(EPOLL_CLOEXEC));
  SLUICE_CHECK(fd.valid());
  return fd;
}

FileDescriptor OpenEventFd() {
  FileDescriptor fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  SLUICE_CHECK(fd.valid());
  return fd;
}

// False if the kernel is out of memory or watches.
bool Watch(const FileDescriptor& epoll, int fd, uint32_t events) {
  epoll_event event{.events = events, .data = {.fd = fd}};
  return epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

}  // namespace

Shard::Shard(EdgeContext* context, FileDescriptor listener)
    : context_(*context),
      epoll_(OpenEpoll()),
      wake_(OpenEventFd()),
      mailbox_(wake_.get()),
      listener_(std::move(listener)),
      wheel_(context->clock->Steady()),
      ring_(context->retention, context->options.frame_cache_bytes),
      buffer_(kReadBufferBytes),
      random_(std::random_device()()) {
  SLUICE_CHECK(Watch(epoll_, wake_.get(), EPOLLIN));
  SLUICE_CHECK(Watch(epoll_, listener_.get(), EPOLLIN));
}

Shard::~Shard() {
  Join();
  connections_.clear();
  removed_.clear();
}

void Shard::Start() {
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "shard");
}

void Shard::Join() {
  if (thread_.joinable()) thread_.join();
}

void Shard::Run() {
  while (Turn()) {
  }
  // What is still open has had its grace time.
  mailbox_.Close();
  connections_.clear();
  removed_.clear();
}

bool Shard::Turn() {
  Wait();
  ReadMailbox();
  EndOfTurn();
  const SteadyTime now = context_.clock->Steady();
  wheel_.Advance(now);
  ring_.Trim(now);
  ResumeAccepting();
  EndOfTurn();
  WriteReady();
  EndOfTurn();
  return !is_stopping_ || (open_connections_ > 0 && now < stop_deadline_);
}

void Shard::Wait() {
  std::array<epoll_event, kMaxReadyEvents> events;
  int timeout = 0;
  if (ready_.empty() && mailbox_.PrepareToSleep()) {
    timeout = static_cast<int>(wheel_.UntilNextStep(context_.clock->Steady()).count());
  }
  const int count = epoll_wait(epoll_.get(), events.data(), kMaxReadyEvents, timeout);
  mailbox_.Awake();
  wall_now_ = context_.clock->Wall();
  for (int i = 0; i < count; ++i) {
    Dispatch(events[static_cast<size_t>(i)].data.fd, events[static_cast<size_t>(i)].events);
  }
  EndOfTurn();
}

void Shard::Dispatch(int fd, uint32_t events) {
  if (fd == listener_.get()) return Accept();
  if (fd == wake_.get()) {
    eventfd_t ignored = 0;
    eventfd_read(fd, &ignored);
    return;
  }
  // A descriptor may have been closed and used again in this turn: being called for nothing is
  // harmless, and nothing is called that is gone.
  if (Connection* connection = At(fd); connection && (events & ~uint32_t{EPOLLOUT})) {
    connection->OnReadable();
    // The edge is told once: what was left unread is for the one that took the place.
    if (Connection* next = At(fd); next && next != connection) next->OnReadable();
  }
  if (Connection* connection = At(fd); connection && (events & EPOLLOUT)) {
    connection->OnWritable();
  }
}

Connection* Shard::At(int fd) const {
  const auto index = static_cast<size_t>(fd);
  return index < connections_.size() ? connections_[index].get() : nullptr;
}

void Shard::Accept() {
  for (int i = 0; i < kMaxAccepts; ++i) {
    FileDescriptor socket(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket.valid()) {
      if (errno == EAGAIN) return;
      // The peer gave up while it waited, or a network error that is its own (accept(2)).
      if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM) continue;
      stats_.accept_failures.Add();
      return PauseAccepting();
    }
    stats_.connections_accepted.Add();
    // Edge-triggered and for both directions at once: never changed again.
    if (!Watch(epoll_, socket.get(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)) {
      stats_.accept_failures.Add();
      return PauseAccepting();
    }
    Add(std::make_unique<HttpConnection>(this, std::move(socket)));
  }
}

void Shard::PauseAccepting() {
  if (context_.logger != nullptr) {
    context_.logger->Log(LogLevel::kWarning, "edge", "not accepting for a moment",
                         {{"error", std::strerror(errno)}});
  }
  is_accepting_ = false;
  resume_accepting_ = wheel_.now() + TimerWheel::Ticks(kAcceptPause);
  SLUICE_CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, listener_.get(), nullptr) == 0);
}

void Shard::ResumeAccepting() {
  if (is_accepting_ || is_stopping_ || wheel_.now() < resume_accepting_) return;
  is_accepting_ = Watch(epoll_, listener_.get(), EPOLLIN);
}

void Shard::Add(std::unique_ptr<Connection> connection) {
  const auto index = static_cast<size_t>(connection->fd());
  if (index >= connections_.size()) connections_.resize(std::max(index + 1, index * 3 / 2));
  if (connections_[index] != nullptr) {
    wheel_.Clear(connections_[index].get());
    removed_.push_back(std::move(connections_[index]));
  } else {
    ++open_connections_;
  }
  connections_[index] = std::move(connection);
}

void Shard::Remove(Connection* connection) {
  const auto index = static_cast<size_t>(connection->fd());
  SLUICE_CHECK(connections_[index].get() == connection);
  wheel_.Clear(connection);
  removed_.push_back(std::move(connections_[index]));
  --open_connections_;
}

void Shard::Linger(FileDescriptor socket) {
  Add(std::make_unique<LingeringConnection>(this, std::move(socket)));
}

bool Shard::TakeSessionSlot() {
  uint32_t left = context_.sessions_left.load(std::memory_order_relaxed);
  while (left > 0) {
    if (context_.sessions_left.compare_exchange_weak(left, left - 1, std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

void Shard::AwaitHead(HttpConnection* connection) {
  awaiting_head_.push_back(connection);
  context_.request_head();
}

void Shard::StopAwaitingHead(HttpConnection* connection) { std::erase(awaiting_head_, connection); }

void Shard::ReadMailbox() {
  mailbox_.Take(&messages_);
  for (Message& message : messages_) {
    std::visit([this](const auto& content) { Handle(content); }, message);
  }
  messages_.clear();
  PublishStats();
}

void Shard::Handle(const LogEpoch& message) {
  previous_epoch_ = ring_.epoch();
  ring_.Restart(message.epoch, message.first_sequence);
  heartbeat_ = FrameRef();
  is_caught_up_ = false;
  if (!previous_epoch_.text().empty()) TellAllSessions(GapReason::kEpoch);
}

void Shard::Handle(const LogEvents& message) {
  ring_.Append(message.batch, &ready_);
  ring_.Trim(context_.clock->Steady());
}

void Shard::Handle(const LogHole& message) {
  ring_.Restart(ring_.epoch(), message.last + 1);
  stats_.holes.Add();
  TellAllSessions(GapReason::kOverflow);
}

void Shard::Handle(const LogHead& message) {
  ring_.AdvanceHead(message.last_sequence);
  if (!is_caught_up_) ring_.AssumeFullChannelsDropped();
  is_caught_up_ = true;
  std::vector<HttpConnection*> waiting = std::exchange(awaiting_head_, {});
  for (HttpConnection* connection : waiting) {
    if (!connection->OnHead()) AwaitHead(connection);
  }
}

void Shard::Handle(const RouteAnswer& message) {
  // Ids are of one life of a socket, so this is the HttpConnection that asked, or another.
  Connection* connection = At(message.fd);
  if (connection == nullptr || connection->id() != message.id) return;
  static_cast<HttpConnection*>(connection)->OnRouteAnswer(message.response);
}

void Shard::Handle(const StopShard&) {
  is_stopping_ = true;
  stop_deadline_ = context_.clock->Steady() + context_.options.stop_grace;
  listener_ = FileDescriptor();
  for (size_t i = 0; i < connections_.size(); ++i) {
    if (connections_[i] != nullptr) connections_[i]->OnStop();
  }
}

void Shard::TellAllSessions(GapReason reason) {
  for (const auto& connection : connections_) {
    auto* session = dynamic_cast<Session*>(connection.get());
    if (session == nullptr) continue;
    session->set_gap(reason);
    if (session->state() != Reader::State::kIdle) continue;
    session->set_state(Reader::State::kReady);
    ready_.push_back(*session);
  }
}

void Shard::WriteReady() {
  wall_now_ = context_.clock->Wall();
  for (size_t i = 0; i < kMaxWritesPerTurn && !ready_.empty(); ++i) {
    Reader& reader = ready_.front();
    ready_.pop_front();
    static_cast<Session&>(reader).Write();
  }
  ring_.TrimFrames();
}

void Shard::EndOfTurn() { removed_.clear(); }

void Shard::PublishStats() {
  stats_.ring_events.Set(ring_.events());
  stats_.ring_bytes.Set(ring_.bytes());
  stats_.ring_channels.Set(ring_.channels());
  stats_.frame_bytes.Set(ring_.frame_bytes());
  stats_.tail_sequence.Set(ring_.head_sequence());
  stats_.connections.Set(open_connections_);
}

FrameRef Shard::HeartbeatFrame() {
  if (!heartbeat_ || heartbeat_sequence_ != ring_.head_sequence()) {
    heartbeat_sequence_ = ring_.head_sequence();
    heartbeat_ = FrameRef::Copy(SseCursorBlock(ring_.head()));
  }
  return heartbeat_;
}

std::chrono::milliseconds Shard::JitteredRetry(int spread) {
  const double base = static_cast<double>(options().retry.count());
  const double factor = Random(1 - kRetrySpread, (1 + kRetrySpread) * spread);
  return std::chrono::milliseconds(static_cast<int64_t>(base * factor));
}

std::chrono::milliseconds Shard::JitteredMaxAge() {
  const double base = static_cast<double>(options().max_session_age.count());
  const double factor = Random(1 - kMaxAgeSpread, 1 + kMaxAgeSpread);
  return std::chrono::milliseconds(static_cast<int64_t>(base * factor));
}

double Shard::Random(double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(random_);
}

}  // namespace sluice::edge
