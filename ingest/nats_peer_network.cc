#include "ingest/nats_peer_network.h"

#include <future>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/check.h"
#include "core/random_token.h"
#include "core/status.h"

namespace sluice::ingest {
namespace {

// For the thread to take up the farewell; gateways find out without it, later.
constexpr std::chrono::milliseconds kFarewellPatience{200};

}  // namespace

absl::StatusOr<std::unique_ptr<NatsPeerNetwork>> NatsPeerNetwork::Create(const Parts& parts) {
  std::unique_ptr<NatsPeerNetwork> network(new NatsPeerNetwork(parts));
  SLUICE_ASSIGN_OR_RETURN(
      network->connection_,
      NatsConnection::Create(
          {.options = parts.options,
           .name = "sluice peer",
           .inbox = absl::StrCat("sluice.", parts.options.name_space, ".inbox.edge"),
           .also = {network->subjects_ + network->self_, network->presence_.QuestionSubject()},
           .handler = network.get(),
           .logger = parts.logger}));
  return network;
}

NatsPeerNetwork::NatsPeerNetwork(const Parts& parts)
    : self_(RandomToken(12)),
      subjects_(absl::StrCat("sluice.", parts.options.name_space, ".peer.")),
      clock_(*parts.clock),
      logger_(parts.logger),
      presence_(parts.options.name_space, self_) {}

NatsPeerNetwork::~NatsPeerNetwork() { Stop(); }

void NatsPeerNetwork::Serve(Handler handler, CountSessions count) {
  SLUICE_CHECK(handler_ == nullptr);
  handler_ = std::move(handler);
  presence_.Begin(connection_.get(), std::move(count));
  if (logger_ != nullptr) {
    logger_->Log(LogLevel::kInfo, "edge", "known to others as", {{"edge", self_}});
  }
  connection_->Start();
}

void NatsPeerNetwork::Stop() {
  // What the thread has taken up when it is told to stop, it still sends.
  if (!is_stopped_.exchange(true) && connection_->is_connected()) {
    const auto left = std::make_shared<std::promise<void>>();
    std::future<void> has_left = left->get_future();
    connection_->Post([this, left] {
      presence_.Leave();
      left->set_value();
    });
    has_left.wait_for(kFarewellPatience);
  }
  connection_->Stop();
}

void NatsPeerNetwork::Request(std::string_view peer, std::string_view request, OnAnswer done) {
  connection_->Post(
      [this, subject = subjects_ + std::string(peer), request = std::string(request),
       done = std::move(done)]() mutable { Send(subject, request, std::move(done)); });
}

void NatsPeerNetwork::Send(const std::string& subject, std::string_view request, OnAnswer done) {
  const std::string reply = absl::StrCat(connection_->inbox(), ".peer.", next_++);
  const absl::Status sent = connection_->Publish(subject, reply, request);
  if (!sent.ok()) return done(sent);
  pending_.Expect(reply, clock_.Steady() + kTimeout, std::move(done));
}

void NatsPeerNetwork::OnMessage(const NatsMessage& message) {
  if (pending_.Settle(message.subject(), std::string(message.data()))) return;
  if (message.subject() == presence_.QuestionSubject()) return presence_.OnQuestion(message);
  // Others are probes, and answers that came too late.
  if (!message.subject().starts_with(subjects_) || message.reply().empty()) return;
  handler_(message.data(), [this, reply = std::string(message.reply())](const std::string& answer) {
    if (connection_->Publish(reply, "", answer).ok()) connection_->Flush();
  });
}

void NatsPeerNetwork::OnTick(SteadyTime now) {
  presence_.OnTick(now);
  pending_.Expire(now);
}

}  // namespace sluice::ingest
