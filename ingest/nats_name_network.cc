#include "ingest/nats_name_network.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/check.h"
#include "core/status.h"
#include "ingest/event_subject.h"

namespace sluice::ingest {
namespace {

constexpr char kMark = 'm';   // before the number of the request that it follows
constexpr char kClaim = 'c';  // before the number of a claim

}  // namespace

absl::StatusOr<std::unique_ptr<NatsNameNetwork>> NatsNameNetwork::Create(const Parts& parts) {
  std::unique_ptr<NatsNameNetwork> network(new NatsNameNetwork(parts));
  SLUICE_ASSIGN_OR_RETURN(
      network->connection_,
      NatsConnection::Create(
          {.options = parts.options,
           .name = "sluice names",
           .inbox = absl::StrCat("sluice.", parts.options.name_space, ".inbox.edge"),
           .handler = network.get(),
           .logger = parts.logger}));
  network->replies_ = network->connection_->inbox() + ".name.";
  return network;
}

NatsNameNetwork::NatsNameNetwork(const Parts& parts)
    : subjects_(absl::StrCat("sluice.", parts.options.name_space, ".sockjs.")),
      clock_(*parts.clock) {}

NatsNameNetwork::~NatsNameNetwork() { Stop(); }

void NatsNameNetwork::Serve(Handler handler) {
  SLUICE_CHECK(handler_ == nullptr);
  handler_ = std::move(handler);
  connection_->Start();
}

void NatsNameNetwork::Stop() { connection_->Stop(); }

std::string NatsNameNetwork::SubjectOf(std::string_view name) const {
  return subjects_ + EncodeToken(name);
}

void NatsNameNetwork::Claim(std::string_view name, OnClaimed done) {
  connection_->Post([this, subject = SubjectOf(name), done = std::move(done)]() mutable {
    connection_->Subscribe(subject);
    const std::string number = kClaim + std::to_string(next_++);
    const absl::Status sent = connection_->Publish(replies_ + number, "", "");
    if (!sent.ok()) return done(sent);
    connection_->Flush();
    auto claimed = [done = std::move(done)](const absl::StatusOr<std::string>& back) mutable {
      done(back.status());
    };
    pending_.Expect(number, clock_.Steady() + kMarkTimeout, std::move(claimed));
  });
}

void NatsNameNetwork::Release(std::string_view name) {
  connection_->Post([this, subject = SubjectOf(name)] {
    connection_->Unsubscribe(subject);
    connection_->Flush();
  });
}

void NatsNameNetwork::Request(std::string_view name, std::string_view request,
                              std::chrono::milliseconds timeout, OnAnswer done) {
  connection_->Post(
      [this, subject = SubjectOf(name), request = std::string(request), timeout,
       done = std::move(done)]() mutable { Send(subject, request, timeout, std::move(done)); });
}

void NatsNameNetwork::Send(const std::string& subject, std::string_view request,
                           std::chrono::milliseconds timeout, OnAnswer done) {
  const std::string number = std::to_string(next_++);
  absl::Status sent = connection_->Publish(subject, replies_ + number, request);
  if (sent.ok()) sent = connection_->Publish(replies_ + kMark + number, "", "");
  if (!sent.ok()) return done(sent);
  connection_->Flush();
  pending_.Expect(number, clock_.Steady() + timeout, std::move(done));
}

void NatsNameNetwork::OnMessage(const NatsMessage& message) {
  const std::string_view subject = message.subject();
  if (subject.starts_with(replies_)) {
    return OnReply(subject.substr(replies_.size()), message.data());
  }
  if (!subject.starts_with(subjects_) || message.reply().empty()) return;
  const std::optional<std::string> name = DecodeToken(subject.substr(subjects_.size()));
  if (!name) return;
  handler_(*name, message.data(),
           [this, reply = std::string(message.reply())](const std::string& answer) {
             if (connection_->Publish(reply, "", answer).ok()) connection_->Flush();
           });
}

void NatsNameNetwork::OnReply(std::string_view number, std::string_view data) {
  if (!number.starts_with(kMark)) {
    pending_.Settle(number, std::string(data));
  } else if (std::exchange(is_unheard_, false)) {
    pending_.Settle(number.substr(1), absl::NotFoundError("nobody has this name"));
  }
}

void NatsNameNetwork::OnTick(SteadyTime now) { pending_.Expire(now); }

}  // namespace sluice::ingest
