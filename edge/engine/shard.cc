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
#include "edge/inbound/answer_queue.h"
#include "edge/sockjs/sockjs_table.h"

namespace sluice::edge {
namespace {

constexpr size_t kReadBufferBytes = 64u << 10;
constexpr size_t kScratchBytes = 32u << 10;  // stays in the core's own cache
constexpr int kMaxReadyEvents = 256;
constexpr int kMaxAccepts = 128;  // then the others have their turn
constexpr size_t kMaxWritesPerTurn = 256;
constexpr std::chrono::milliseconds kAcceptPause{200};
constexpr double kAcceptBurst = 0.2;  // of a second's worth
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
bool WatchFor(const FileDescriptor& epoll, int fd, uint32_t events) {
  epoll_event event{.events = events, .data = {.fd = fd}};
  return epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

}  // namespace

Shard::Shard(EdgeContext* context, uint32_t index, FileDescriptor listener)
    : context_(*context),
      index_(index),
      epoll_(OpenEpoll()),
      wake_(OpenEventFd()),
      mailbox_(wake_.get()),
      port_(std::make_shared<MailboxPort>(&mailbox_)),
      listener_(std::move(listener)),
      wheel_(context->clock->Steady()),
      ring_(context->retention, context->options.frame_cache_bytes),
      buffer_(kReadBufferBytes),
      scratch_(kScratchBytes),
      sockjs_(std::make_unique<SockJsTable>(this)),
      random_(std::random_device()()) {
  SLUICE_CHECK(WatchFor(epoll_, wake_.get(), EPOLLIN));
  SLUICE_CHECK(WatchFor(epoll_, listener_.get(), EPOLLIN));
}

Shard::~Shard() {
  Join();
  port_->Close();
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
  DrainSessions(now);
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

Connection* Shard::Find(int fd, uint64_t id) const {
  Connection* const connection = At(fd);
  return connection != nullptr && connection->id() == id ? connection : nullptr;
}

void Shard::Accept() {
  for (int i = 0; i < kMaxAccepts; ++i) {
    if (!MayAccept()) {
      stats_.accepts_delayed.Add();
      return PauseAccepting(TimerWheel::kStep);
    }
    sockaddr_storage peer{};
    socklen_t length = sizeof(peer);
    FileDescriptor socket(accept4(listener_.get(), reinterpret_cast<sockaddr*>(&peer), &length,
                                  SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket.valid()) {
      if (errno == EAGAIN) return;
      // The peer gave up while it waited, or a network error that is its own (accept(2)).
      if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM) continue;
      return AcceptFailed();
    }
    stats_.connections_accepted.Add();
    acceptances_ -= 1;
    if (!Admit(std::move(socket), peer)) return AcceptFailed();
  }
}

bool Shard::Admit(FileDescriptor socket, const sockaddr_storage& peer) {
  std::unique_ptr<AddressQuota::Slot> address;
  if (context_.addresses.is_on()) {
    address = context_.addresses.Take(peer);
    if (address == nullptr) {
      stats_.connections_refused.Add();
      return true;
    }
  }
  if (!Watch(socket)) return false;
  ssl_st* tls = nullptr;
  if (context_.tls != nullptr) {
    tls = context_.tls->NewSession(socket.get());
    errno = ENOMEM;
    if (tls == nullptr) return false;
  }
  Add(std::make_unique<HttpConnection>(this,
                                       StreamSocket(std::move(socket), tls, std::move(address))));
  return true;
}

bool Shard::Watch(const FileDescriptor& socket) {
  // Edge-triggered and for both directions at once: never changed again.
  return WatchFor(epoll_, socket.get(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

bool Shard::MayAccept() {
  const double rate = context_.accepts_per_second;
  if (rate == 0) return true;
  const SteadyTime now = context_.clock->Steady();
  const double passed = std::chrono::duration<double>(now - acceptances_at_).count();
  const double burst = std::max(1.0, rate * kAcceptBurst);
  acceptances_ = std::min(burst, acceptances_ + passed * rate);
  acceptances_at_ = now;
  return acceptances_ >= 1;
}

void Shard::AcceptFailed() {
  stats_.accept_failures.Add();
  if (context_.logger != nullptr) {
    context_.logger->Log(LogLevel::kWarning, "edge", "not accepting for a moment",
                         {{"error", std::strerror(errno)}});
  }
  PauseAccepting(kAcceptPause);
}

void Shard::PauseAccepting(std::chrono::milliseconds pause) {
  is_accepting_ = false;
  resume_accepting_ = wheel_.now() + TimerWheel::Ticks(pause);
  SLUICE_CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, listener_.get(), nullptr) == 0);
}

void Shard::ResumeAccepting() {
  if (is_accepting_ || is_stopping_ || wheel_.now() < resume_accepting_) return;
  is_accepting_ = WatchFor(epoll_, listener_.get(), EPOLLIN);
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

void Shard::Linger(StreamSocket socket) {
  Add(std::make_unique<LingeringConnection>(this, std::move(socket)));
}

void Shard::AwaitHead(HeadWaiter* waiter) {
  awaiting_head_.push_back(waiter);
  context_.request_head();
}

void Shard::StopAwaitingHead(HeadWaiter* waiter) { std::erase(awaiting_head_, waiter); }

void Shard::ReadMailbox() {
  mailbox_.Take(&messages_);
  for (Message& message : messages_) {
    std::visit([this](const auto& content) { Handle(content); }, message);
  }
  messages_.clear();
  PublishStats();
}

void Shard::Handle(const LogEpoch& message) {
  const Epoch previous = ring_.epoch();
  ring_.Restart(message.epoch, message.first_sequence);
  heartbeats_.fill(FrameRef());
  is_caught_up_ = false;
  if (!previous.text().empty()) TellAllSessions(GapReason::kEpoch, previous);
}

void Shard::Handle(const LogEvents& message) {
  ring_.Append(message.batch, &ready_, [this] { OfferToReady(); });
  ring_.Trim(context_.clock->Steady());
}

void Shard::Handle(const LogHole& message) {
  ring_.Restart(ring_.epoch(), message.last + 1);
  stats_.holes.Add();
  TellAllSessions(GapReason::kOverflow, ring_.epoch());
}

void Shard::Handle(const LogHead& message) {
  ring_.AdvanceHead(message.last_sequence);
  if (!is_caught_up_) ring_.AssumeFullChannelsDropped();
  if (!std::exchange(is_caught_up_, true)) sockjs_->OnCaughtUp();
  const std::vector<HeadWaiter*> waiting = std::exchange(awaiting_head_, {});
  for (HeadWaiter* waiter : waiting) {
    if (!waiter->OnHead()) AwaitHead(waiter);
  }
}

void Shard::Handle(const RouteAnswer& message) {
  // Ids are of one life of a socket, so this is the HttpConnection that asked, or another.
  Connection* connection = Find(message.fd, message.id);
  if (connection == nullptr) return;
  static_cast<HttpConnection*>(connection)->OnRouteAnswer(message.response);
}

void Shard::Handle(const Revoked& message) {
  for (size_t i = 0; i < connections_.size(); ++i) {
    auto* session = dynamic_cast<Session*>(connections_[i].get());
    if (session == nullptr || !session->IsOf(*message.revocation)) continue;
    session->Close(DisconnectReason::kRevoked);
  }
}

void Shard::Handle(const RenewSession& message) {
  const ConnectionId& id = message.renewal->connection;
  auto* session = dynamic_cast<Session*>(At(id.fd));
  const bool is_it = session != nullptr && session->IsNamedBy(id);
  message.done(is_it ? session->Renew(message.renewal->identity) : RenewalResult::kNoSession);
}

void Shard::Handle(const SendAnswered& message) {
  const auto result = static_cast<size_t>(SendResultOf(message.status));
  stats_.of(message.protocol).sends[result].Add();
  if (const auto answers = message.to.lock()) answers->Settle(message.number, message.status);
}

void Shard::Handle(const EndSlowest&) {
  std::vector<Session*> blocked;
  for (const auto& connection : connections_) {
    auto* session = dynamic_cast<Session*>(connection.get());
    if (session != nullptr && session->state() == Reader::State::kBlocked)
      blocked.push_back(session);
  }
  const auto longest_first = [](const Session* a, const Session* b) {
    return a->last_progress() < b->last_progress();
  };
  const auto end = blocked.begin() + static_cast<ptrdiff_t>((blocked.size() + 9) / 10);
  std::partial_sort(blocked.begin(), end, blocked.end(), longest_first);
  for (auto each = blocked.begin(); each != end; ++each) (*each)->EndAsSlow();
}

void Shard::Handle(const DrainShard& message) {
  is_draining_ = true;
  drain_ = message;
  drain_start_ = context_.clock->Steady();
  sessions_to_drain_ = 0;
  for (const auto& each : stats_.protocols) sessions_to_drain_ += each.sessions.value();
  sessions_drained_ = 0;
  next_to_drain_ = 0;
}

void Shard::DrainSessions(SteadyTime now) {
  if (drain_.done == nullptr) return;
  const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(now - drain_start_);
  const double left =
      passed >= drain_.window ? 0.0 : 1.0 - std::chrono::duration<double>(passed) / drain_.window;
  const auto may_stay = static_cast<uint64_t>(static_cast<double>(sessions_to_drain_) * left);
  uint64_t to_end = sessions_to_drain_ - may_stay - sessions_drained_;
  for (; next_to_drain_ < connections_.size() && to_end > 0; ++next_to_drain_) {
    auto* session = dynamic_cast<Session*>(connections_[next_to_drain_].get());
    if (session == nullptr) continue;
    session->Close(DisconnectReason::kDrain);
    ++sessions_drained_;
    --to_end;
  }
  // Those that ended by themselves were not met.
  if (next_to_drain_ < connections_.size() && passed < drain_.window) return;
  drain_.done->count_down();
  drain_.done = nullptr;
}

void Shard::Handle(const StopShard&) {
  is_stopping_ = true;
  stop_deadline_ = context_.clock->Steady() + context_.options.stop_grace;
  listener_ = FileDescriptor();
  for (size_t i = 0; i < connections_.size(); ++i) {
    if (connections_[i] != nullptr) connections_[i]->OnStop();
  }
}

void Shard::TellAllSessions(GapReason reason, const Epoch& epoch) {
  for (const auto& connection : connections_) {
    auto* session = dynamic_cast<Session*>(connection.get());
    if (session == nullptr) continue;
    session->TellGap(reason, epoch);
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

void Shard::OfferToReady() {
  wall_now_ = context_.clock->Wall();
  ReadyQueue turn;
  turn.swap(ready_);
  while (!turn.empty()) {
    Reader& reader = turn.front();
    turn.pop_front();
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
