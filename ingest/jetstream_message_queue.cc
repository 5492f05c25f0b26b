#include "ingest/jetstream_message_queue.h"

#include <charconv>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/check.h"
#include "core/status.h"
#include "ingest/jetstream_answer.h"

namespace sluice::ingest {
namespace {

constexpr std::chrono::seconds kAppendPatience{5};
constexpr std::chrono::seconds kCheckInterval{5};
constexpr std::chrono::milliseconds kCheckRetry{250};

}  // namespace

absl::StatusOr<std::unique_ptr<JetstreamMessageQueue>> JetstreamMessageQueue::Open(
    const Parts& parts) {
  std::unique_ptr<JetstreamMessageQueue> queue(new JetstreamMessageQueue(parts));
  const std::string role = parts.role == Role::kEdge ? "edge" : "gateway";
  SLUICE_ASSIGN_OR_RETURN(
      queue->connection_,
      NatsConnection::Create(
          {.options = parts.nats,
           .name = absl::StrCat("sluice ", role, " client messages"),
           .inbox = absl::StrCat("sluice.", parts.nats.name_space, ".inbox.", role),
           .handler = queue.get(),
           .logger = parts.logger}));
  queue->slots_.set_prefix(queue->connection_->inbox() + ".ack.");
  queue->pull_prefix_ = queue->connection_->inbox() + ".pull.";
  queue->client_.set_connection(queue->connection_.get());
  queue->connection_->Start();
  return queue;
}

JetstreamMessageQueue::JetstreamMessageQueue(const Parts& parts)
    : stream_(parts.options, parts.nats),
      clock_(*parts.clock),
      status_(stream_, parts.logger),
      slots_(parts.nats.max_appends_in_flight),
      client_(stream_, clock_) {}

JetstreamMessageQueue::~JetstreamMessageQueue() {
  if (connection_) connection_->Stop();  // its thread uses all of this
}

// Appending

void JetstreamMessageQueue::Append(ClientMessage message, ClientMessageDone done) {
  absl::Status valid = ValidateClientMessage(message);
  if (!valid.ok()) return done(std::move(valid));
  if (!is_ready()) return done(absl::UnavailableError("the queue is away"));
  const std::optional<std::string> reply = slots_.Put(&done, clock_.Steady() + kAppendPatience);
  if (!reply) return done(absl::ResourceExhaustedError("too many messages wait for NATS"));
  const absl::Status sent = connection_->Publish(stream_.Subject(message), *reply, message.data,
                                                 ClientMessageStream::Headers(message));
  if (sent.ok()) return connection_->Flush();
  if (std::optional<ClientMessageDone> taken = slots_.Take(*reply)) (*taken)(sent);
}

void JetstreamMessageQueue::OnAcknowledgement(const NatsMessage& message) {
  const absl::Status stored = ParseAppendAnswer(message.data()).status();
  if (stored.ok() || absl::IsResourceExhausted(stored)) {  // also when it comes too late
    are_appends_failing_ = false;
    connection_->SetServed(true);
  }
  std::optional<ClientMessageDone> done = slots_.Take(message.subject());
  if (!done) return;  // it had been given up
  if (stored.ok()) ++counters_.stored;
  if (absl::IsResourceExhausted(stored)) ++counters_.refused;
  (*done)(stored);
}

// Receiving

absl::StatusOr<std::unique_ptr<ClientMessageReceiver>> JetstreamMessageQueue::OpenReceiver(
    const ReceiverOptions& options, ClientMessageSink* sink) {
  SLUICE_RETURN_IF_ERROR(ValidateReceiver(options));
  if (!is_ready()) return absl::UnavailableError("the queue is away");
  const std::string prefix = ClientMessageStream::ConsumerPrefix(options);
  MutexLock lock(&mutex_);
  const auto found = groups_.find(prefix);
  if (found != groups_.end()) {
    if (auto receiver = found->second->Open(options.window, sink)) return receiver;
    groups_.erase(found);  // it was closed
  }
  if (groups_.size() >= kMaxGroups) return absl::ResourceExhaustedError("too many groups");
  const auto group = std::make_shared<JetstreamGroup>(
      JetstreamGroup::Parts{.stream = stream_,
                            .clock = clock_,
                            .connection = connection_.get(),
                            .client = &client_,
                            .counters = &counters_,
                            .status = &status_,
                            .pull_prefix = absl::StrCat(pull_prefix_, prefix, ".")},
      options);
  groups_.emplace(prefix, group);
  auto receiver = group->Open(options.window, sink);
  connection_->Post([this, group] {
    if (is_ready()) group->OnReady(epoch_);
  });
  return receiver;
}

void JetstreamMessageQueue::OnDelivery(const DeliveryPosition& position,
                                       const NatsMessage& message) {
  const size_t end = position.consumer.rfind('-') + 1;
  const std::string_view number = position.consumer.substr(end);
  uint32_t partition = 0;
  std::from_chars(number.data(), number.data() + number.size(), partition);
  std::shared_ptr<JetstreamGroup> group;
  {
    MutexLock lock(&mutex_);
    const auto found = groups_.find(position.consumer.substr(0, end));
    if (found != groups_.end()) group = found->second;
  }
  if (group != nullptr && partition < ClientMessageStream::kPartitions) {
    return group->OnDelivery(partition, position, message);
  }
  (void)connection_->Publish(std::string(message.reply()), "", "-NAK");  // for another process
}

void JetstreamMessageQueue::OnPullEnded(const NatsMessage& message) {
  std::string_view subject = message.subject();
  subject.remove_prefix(pull_prefix_.size());
  const size_t dot = subject.find('.');
  if (dot == std::string_view::npos) return;
  std::shared_ptr<JetstreamGroup> group;
  {
    MutexLock lock(&mutex_);
    const auto found = groups_.find(subject.substr(0, dot));
    if (found == groups_.end()) return;
    group = found->second;
  }
  // Says `408` or `408 Request Timeout`, as the version has it.
  group->OnPullEnded(subject.substr(dot + 1),
                     message.Header("Status").value_or("").starts_with("408"));
}

std::vector<std::shared_ptr<JetstreamGroup>> JetstreamMessageQueue::Groups() const {
  std::vector<std::shared_ptr<JetstreamGroup>> groups;
  MutexLock lock(&mutex_);
  groups.reserve(groups_.size());
  for (const auto& [prefix, group] : groups_) groups.push_back(group);
  return groups;
}

void JetstreamMessageQueue::ForgetGroups(SteadyTime now) {
  MutexLock lock(&mutex_);
  std::erase_if(groups_, [now](const auto& entry) {
    return entry.second->is_closed() || entry.second->is_forgotten(now);
  });
}

// The link and the stream

void JetstreamMessageQueue::OnConnected() {
  are_appends_failing_ = false;
  CheckStream();
}

void JetstreamMessageQueue::OnDisconnected() {
  client_.FailAll();
  SetAway("NATS went away");
}

void JetstreamMessageQueue::SetAway(const char* why) {
  is_ready_.store(false, std::memory_order_release);
  for (ClientMessageDone& done : slots_.TakeAll()) done(absl::UnavailableError(why));
  for (const auto& group : Groups()) group->OnAway();
}

void JetstreamMessageQueue::CheckStream() {
  if (std::exchange(is_checking_, true)) return;
  client_.EnsureStream(Epoch(), 0, [this](const absl::StatusOr<StreamState>& state) {
    is_checking_ = false;
    OnStream(state);
  });
}

void JetstreamMessageQueue::OnStream(const absl::StatusOr<StreamState>& state) {
  connection_->SetServed(state.ok() && !are_appends_failing_);
  const absl::Status judged = state.ok() ? status_.Judge(*state) : state.status();
  if (!judged.ok()) {
    status_.Report(judged);
    next_check_ = clock_.Steady() + kCheckRetry;
    return SetAway("the stream cannot be used");
  }
  next_check_ = clock_.Steady() + kCheckInterval;
  if (epoch_ != state->epoch()) SetAway("the stream is another one");
  epoch_ = state->epoch();
  stream_messages_.Set(state->messages());
  stream_bytes_.Set(state->bytes());
  is_ready_.store(true, std::memory_order_release);
  for (const auto& group : Groups()) group->OnReady(epoch_);
}

void JetstreamMessageQueue::OnMessage(const NatsMessage& message) {
  if (client_.Take(message)) return;
  if (const auto position = ParseDeliveryPosition(message.reply())) {
    OnDelivery(*position, message);
  } else if (message.subject().starts_with(pull_prefix_)) {
    OnPullEnded(message);
  } else {
    OnAcknowledgement(message);
  }
}

// For an append or a request of a group, which one is not said: those end by their time.
void JetstreamMessageQueue::OnNoResponders(bool) { CheckStream(); }

void JetstreamMessageQueue::OnTick(SteadyTime now) {
  client_.OnTick(now);
  for (ClientMessageDone& done : slots_.TakeExpired(now)) {
    are_appends_failing_ = true;
    done(absl::UnavailableError("NATS did not acknowledge the message in time"));
  }
  for (const auto& group : Groups()) group->OnTick(now);
  ForgetGroups(now);
  if (connection_->is_connected() && now >= next_check_) CheckStream();
}

}  // namespace sluice::ingest
