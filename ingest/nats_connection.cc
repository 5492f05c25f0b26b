#include "ingest/nats_connection.h"

#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/check.h"
#include "core/random_token.h"
#include "core/status.h"
#include "ingest/nats_options.h"

namespace sluice::ingest {
namespace {

constexpr std::chrono::milliseconds kFirstRetry{50};
constexpr std::chrono::milliseconds kLastRetry{2'000};

SteadyTime Now() { return std::chrono::steady_clock::now(); }

// Between half and one and a half of `delay`, so that many do not come back together.
std::chrono::milliseconds Jittered(std::chrono::milliseconds delay) {
  thread_local std::minstd_rand random{std::random_device()()};
  return std::chrono::milliseconds(
      std::uniform_int_distribution<int64_t>(delay.count() / 2, delay.count() * 3 / 2)(random));
}

}  // namespace

absl::StatusOr<std::unique_ptr<NatsConnection>> NatsConnection::Create(const Parts& parts) {
  SLUICE_RETURN_IF_ERROR(MakeNatsOptions(parts.options, parts.options.urls, parts.name).status());
  return std::unique_ptr<NatsConnection>(new NatsConnection(parts));
}

NatsConnection::NatsConnection(const Parts& parts)
    : options_(parts.options),
      name_(parts.name),
      handler_(parts.handler),
      logger_(parts.logger),
      token_(RandomToken(12)),
      own_subject_(absl::StrCat(parts.inbox, ".", token_)),
      inbox_(own_subject_ + ".in"),
      also_(parts.also),
      probe_(inbox_ + ".probe"),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      servers_(parts.options.urls) {
  SLUICE_CHECK(epoll_ >= 0 && wake_ >= 0);
  epoll_event event{.events = EPOLLIN, .data = {.fd = wake_}};
  SLUICE_CHECK(epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) == 0);
}

void NatsConnection::Start() {
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "nats");
}

void NatsConnection::Stop() {
  is_stopping_ = true;
  eventfd_write(wake_, 1);
  if (thread_.joinable()) thread_.join();
}

NatsConnection::~NatsConnection() {
  Stop();
  close(wake_);
  close(epoll_);
}

absl::Status NatsConnection::Publish(const std::string& subject, const std::string& reply,
                                     std::string_view data,
                                     const std::vector<NatsHeader>& headers) {
  MutexLock lock(&link_mutex_);
  if (publishing_ == nullptr) return absl::UnavailableError("NATS is away");
  const natsStatus status = Send(publishing_, subject, reply, data, headers);
  if (status == NATS_OK) return absl::OkStatus();
  if (status == NATS_MAX_PAYLOAD) {
    return absl::InvalidArgumentError("the event is larger than the NATS server's max_payload");
  }
  return absl::UnavailableError(absl::StrCat("NATS: ", natsStatus_GetText(status)));
}

natsStatus NatsConnection::Send(natsConnection* connection, const std::string& subject,
                                const std::string& reply, std::string_view data,
                                const std::vector<NatsHeader>& headers) {
  natsMsg* message = nullptr;
  natsStatus status =
      natsMsg_Create(&message, subject.c_str(), reply.empty() ? nullptr : reply.c_str(),
                     data.data(), static_cast<int>(data.size()));
  for (const NatsHeader& header : headers) {
    if (status == NATS_OK) status = natsMsgHeader_Set(message, header.name, header.value.c_str());
  }
  if (status == NATS_OK) status = natsConnection_PublishMsg(connection, message);
  natsMsg_Destroy(message);
  return status;
}

void NatsConnection::Flush() {
  if (!is_awake_.exchange(true, std::memory_order_seq_cst)) eventfd_write(wake_, 1);
}

void NatsConnection::Post(absl::AnyInvocable<void()> task) {
  {
    MutexLock lock(&task_mutex_);
    tasks_.push_back(std::move(task));
  }
  Flush();
}

void NatsConnection::Run() {
  last_tick_ = Now();
  while (!is_stopping_) {
    if (link_ != nullptr && link_->is_closed()) Disconnect();
    if (link_ == nullptr && Now() >= next_attempt_) TryConnect(Now());
    Wait();
    RunTasks();
    ReadMessages();
    const SteadyTime now = Now();
    if (now - last_tick_ >= kTick) Tick(now);
    WriteIfWanted();
  }
  if (link_ == nullptr) return;
  SendTheRest();
  Disconnect();
}

// What was published since the last write, and waits until the server has read it: it drops what is
// unread when it fails to write to a socket that was closed.
void NatsConnection::SendTheRest() {
  if (write_wanted_) natsConnection_ProcessWriteEvent(link_->connection());
  const int socket = socket_.load();
  if (socket < 0) return;
  shutdown(socket, SHUT_WR);
  const SteadyTime deadline = Now() + kStopPatience;
  std::array<char, 4096> unread;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Now());
    pollfd end{.fd = socket, .events = POLLIN, .revents = 0};
    if (poll(&end, 1, static_cast<int>(std::max<int64_t>(left.count(), 0))) != 1) return;
    if (recv(socket, unread.data(), unread.size(), MSG_DONTWAIT) <= 0) return;
  }
}

void NatsConnection::TryConnect(SteadyTime now) {
  watches_writable_ = false;
  write_wanted_ = false;
  absl::StatusOr<std::unique_ptr<NatsLink>> link = Connect();
  if (!link.ok()) {
    const auto delay = std::min(kLastRetry, kFirstRetry * (1 << std::min(failed_attempts_, 10)));
    next_attempt_ = now + Jittered(delay);
    if (++failed_attempts_ == 1 && logger_ != nullptr) {
      logger_->Log(LogLevel::kWarning, "nats", "cannot connect",
                   {{"error", link.status().message()}});
    }
    return;
  }
  link_ = *std::move(link);
  failed_attempts_ = 0;
  unserved_since_.reset();
  servers_.Learn(link_->KnownServerUrls());
  last_received_ = last_probe_ = Now();
  {
    MutexLock lock(&link_mutex_);
    publishing_ = link_->connection();
  }
  is_connected_.store(true, std::memory_order_release);
  if (logger_ != nullptr) logger_->Log(LogLevel::kInfo, "nats", "connected", {{"name", name_}});
  handler_->OnConnected();
}

// A link that is subscribed to all that the handler is to hear.
absl::StatusOr<std::unique_ptr<NatsLink>> NatsConnection::Connect() {
  absl::StatusOr<NatsOptionsPtr> options = MakeNatsOptions(options_, servers_.Candidates(), name_);
  SLUICE_RETURN_IF_ERROR(options.status());
  const natsStatus status =
      natsOptions_SetEventLoop(options->get(), this, &OnAttach, &OnRead, &OnWrite, &OnDetach);
  if (status != NATS_OK) return absl::InternalError(natsStatus_GetText(status));
  absl::StatusOr<std::unique_ptr<NatsLink>> link = NatsLink::Connect(options->get(), logger_);
  SLUICE_RETURN_IF_ERROR(link.status());
  for (const std::string& subject : also_) SLUICE_RETURN_IF_ERROR((*link)->Subscribe(subject));
  SLUICE_RETURN_IF_ERROR((*link)->Subscribe(inbox_ + ".>"));
  for (const std::string& subject : subjects_) SLUICE_RETURN_IF_ERROR((*link)->Subscribe(subject));
  return link;
}

void NatsConnection::Disconnect() {
  {
    MutexLock lock(&link_mutex_);
    publishing_ = nullptr;
  }
  is_connected_.store(false, std::memory_order_release);
  if (!link_->is_closed()) {
    // Asked to close a live link, nats.c would wait for an answer that this thread alone could
    // read.
    shutdown(socket_.load(), SHUT_RDWR);
    natsConnection_ProcessReadEvent(link_->connection());
  }
  link_.reset();
  next_attempt_ = Now() + Jittered(kFirstRetry);
  if (!is_stopping_) {
    reconnects_.fetch_add(1, std::memory_order_relaxed);
    if (logger_ != nullptr) {
      logger_->Log(LogLevel::kWarning, "nats", "disconnected", {{"name", name_}});
    }
  }
  handler_->OnDisconnected();
}

void NatsConnection::SetServed(bool is_served) {
  if (is_served) {
    unserved_since_.reset();
  } else if (!unserved_since_) {
    unserved_since_ = Now();
  }
}

void NatsConnection::Leave() {
  unserved_since_.reset();
  const std::string server = link_->ServerUrl();
  if (!servers_.Leave(server)) return;
  if (logger_ != nullptr) {
    logger_->Log(LogLevel::kWarning, "nats",
                 "JetStream does not serve here; another server is tried",
                 {{"server", server}, {"name", name_}});
  }
  shutdown(socket_.load(), SHUT_RDWR);  // nats.c closes the link
}

// Milliseconds.
int NatsConnection::UntilTick() const {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(last_tick_ + kTick - Now());
  return static_cast<int>(std::clamp(left, std::chrono::milliseconds(0), kTick).count());
}

void NatsConnection::Wait() {
  is_awake_.store(false, std::memory_order_seq_cst);
  bool has_work = write_wanted_.load(std::memory_order_seq_cst) && !watches_writable_;
  {
    MutexLock lock(&task_mutex_);
    has_work = has_work || !tasks_.empty();
  }
  std::array<epoll_event, 4> events;
  const int timeout = has_work ? 0 : UntilTick();
  const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout);
  is_awake_.store(true, std::memory_order_seq_cst);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<size_t>(i)];
    if (event.data.fd == wake_) {
      eventfd_t ignored = 0;
      eventfd_read(wake_, &ignored);
    } else if (link_ != nullptr) {
      if (event.events & ~static_cast<uint32_t>(EPOLLOUT)) {
        natsConnection_ProcessReadEvent(link_->connection());
      }
      if (event.events & EPOLLOUT) natsConnection_ProcessWriteEvent(link_->connection());
    }
  }
}

// Writes once; what the socket does not take waits until it is writable.
void NatsConnection::WriteIfWanted() {
  if (link_ == nullptr) return;
  if (write_wanted_.load(std::memory_order_acquire) && !watches_writable_) {
    natsConnection_ProcessWriteEvent(link_->connection());
  }
  const bool is_blocked = write_wanted_.load(std::memory_order_acquire);
  const int socket = socket_.load();
  if (is_blocked == watches_writable_ || socket < 0) return;
  watches_writable_ = is_blocked;
  epoll_event event{.events = EPOLLIN, .data = {.fd = socket}};
  if (is_blocked) event.events |= EPOLLOUT;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, socket, &event);
}

absl::StatusOr<std::string> NatsConnection::Listen() {
  if (link_ == nullptr) return absl::UnavailableError("NATS is away");
  const std::string subject = absl::StrCat(own_subject_, ".to.", ++listens_);
  SLUICE_RETURN_IF_ERROR(link_->Listen(subject));
  return subject;
}

void NatsConnection::Subscribe(const std::string& subject) {
  if (!subjects_.insert(subject).second || link_ == nullptr) return;
  (void)link_->Subscribe(subject);  // a link that fails here ends, and the next one has it
}

void NatsConnection::Unsubscribe(const std::string& subject) {
  if (subjects_.erase(subject) > 0 && link_ != nullptr) link_->Unsubscribe(subject);
}

void NatsConnection::ReadMessages() {
  if (link_ == nullptr) return;
  const int messages = link_->Read([this](natsMsg* raw, bool is_delivery) {
    if (raw == nullptr) return handler_->OnNoResponders(is_delivery);
    const NatsMessage& message = read_.emplace_back(raw);
    if (message.subject() != probe_) handler_->OnMessage(message);
  });
  if (messages == 0) return;
  last_received_ = Now();
  handler_->OnBatchEnd();
  // Together, and only now: nats.c frees them on a thread of its own, which would take turns with
  // this one for the heap's lock.
  read_.clear();
}

void NatsConnection::RunTasks() {
  std::vector<absl::AnyInvocable<void()>> tasks;
  {
    MutexLock lock(&task_mutex_);
    tasks.swap(tasks_);
  }
  for (auto& task : tasks) task();
}

void NatsConnection::Tick(SteadyTime now) {
  // After a pause of the whole process nothing that came meanwhile has been read yet.
  if (now - last_tick_ > kProbeInterval) last_received_ = last_probe_ = now;
  last_tick_ = now;
  if (link_ != nullptr) CheckLink(now);
  handler_->OnTick(now);
}

void NatsConnection::CheckLink(SteadyTime now) {
  dropped_.store(link_->Dropped(), std::memory_order_relaxed);
  if (unserved_since_ && now - *unserved_since_ > kUnservedPatience) {
    Leave();
  } else if (now - last_received_ > kLinkPatience) {
    // nats.c finds the end of the socket and closes the link.
    if (logger_ != nullptr) logger_->Log(LogLevel::kWarning, "nats", "nothing comes back");
    shutdown(socket_.load(), SHUT_RDWR);
    last_received_ = now;
  } else if (now - std::max(last_received_, last_probe_) >= kProbeInterval) {
    last_probe_ = now;
    (void)Publish(probe_, "", "");  // whether it came back is seen by last_received_
  }
}

natsStatus NatsConnection::OnAttach(void** data, void* loop, natsConnection*, natsSock socket) {
  auto* self = static_cast<NatsConnection*>(loop);
  *data = self;
  self->socket_.store(socket);
  epoll_event event{.events = EPOLLIN, .data = {.fd = socket}};
  return epoll_ctl(self->epoll_, EPOLL_CTL_ADD, socket, &event) == 0 ? NATS_OK : NATS_ERR;
}

natsStatus NatsConnection::OnRead(void* data, bool add) {
  auto* self = static_cast<NatsConnection*>(data);
  if (add) return NATS_OK;  // watched since OnAttach
  const int socket = self->socket_.exchange(-1);
  if (socket >= 0) epoll_ctl(self->epoll_, EPOLL_CTL_DEL, socket, nullptr);
  return NATS_OK;
}

natsStatus NatsConnection::OnWrite(void* data, bool add) {
  static_cast<NatsConnection*>(data)->write_wanted_.store(add, std::memory_order_seq_cst);
  return NATS_OK;
}

natsStatus NatsConnection::OnDetach(void* data) { return OnRead(data, false); }

}  // namespace sluice::ingest
