#include "ingest/nats_peer_network.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/check.h"
#include "core/random_token.h"
#include "core/status.h"

namespace sluice::ingest {

absl::StatusOr<std::unique_ptr<NatsPeerNetwork>> NatsPeerNetwork::Create(const Parts& parts) {
  std::unique_ptr<NatsPeerNetwork> network(new NatsPeerNetwork(parts));
  SLUICE_ASSIGN_OR_RETURN(
      network->connection_,
      NatsConnection::Create(
          {.options = parts.options,
           .name = "sluice peer",
           .inbox = absl::StrCat("sluice.", parts.options.name_space, ".inbox.edge"),
           .also = network->subjects_ + network->self_,
           .handler = network.get(),
           .logger = parts.logger}));
  return network;
}

NatsPeerNetwork::NatsPeerNetwork(const Parts& parts)
    : self_(RandomToken(12)),
      subjects_(absl::StrCat("sluice.", parts.options.name_space, ".peer.")),
      clock_(*parts.clock) {}

NatsPeerNetwork::~NatsPeerNetwork() { Stop(); }

void NatsPeerNetwork::Serve(Handler handler) {
  SLUICE_CHECK(handler_ == nullptr);
  handler_ = std::move(handler);
  connection_->Start();
}

void NatsPeerNetwork::Stop() { connection_->Stop(); }

void NatsPeerNetwork::Request(std::string_view peer, std::string_view request, OnAnswer done) {
  connection_->Post(
      [this, subject = subjects_ + std::string(peer), request = std::string(request),
       done = std::move(done)]() mutable { Send(subject, request, std::move(done)); });
}

void NatsPeerNetwork::Send(const std::string& subject, std::string_view request, OnAnswer done) {
  const std::string reply = absl::StrCat(connection_->inbox(), ".peer.", next_++);
  const absl::Status sent = connection_->Publish(subject, reply, request);
  if (!sent.ok()) return done(sent);
  pending_.emplace(reply, Pending{clock_.Steady() + kTimeout, std::move(done)});
}

void NatsPeerNetwork::OnMessage(NatsMessage message) {
  if (const auto found = pending_.find(message.subject()); found != pending_.end()) {
    OnAnswer done = std::move(found->second.done);
    pending_.erase(found);
    return done(std::string(message.data()));
  }
  // Others are probes, and answers that came too late.
  if (!message.subject().starts_with(subjects_) || message.reply().empty()) return;
  handler_(message.data(), [this, reply = std::string(message.reply())](std::string answer) {
    if (connection_->Publish(reply, "", answer).ok()) connection_->Flush();
  });
}

void NatsPeerNetwork::OnTick(SteadyTime now) {
  for (auto each = pending_.begin(); each != pending_.end();) {
    if (now < each->second.deadline) {
      ++each;
      continue;
    }
    OnAnswer done = std::move(each->second.done);
    each = pending_.erase(each);
    done(absl::UnavailableError("the peer does not answer"));
  }
}

}  // namespace sluice::ingest
