#include "ingest/nats_link.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/status.h"

namespace sluice::ingest {
namespace {

// No limit: what comes is taken out in the same turn, and JetStream's flow control bounds it.
constexpr int kUnlimited = -1;

absl::Status ToStatus(natsStatus status) {
  if (status == NATS_OK) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("NATS: ", natsStatus_GetText(status)));
}

uint64_t DroppedOf(natsSubscription* subscription) {
  int64_t dropped = 0;
  const bool is_known = natsSubscription_GetDropped(subscription, &dropped) == NATS_OK;
  return is_known ? static_cast<uint64_t>(dropped) : 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<NatsLink>> NatsLink::Connect(natsOptions* options, Logger* logger) {
  std::unique_ptr<NatsLink> link(new NatsLink(logger));
  natsStatus status = natsOptions_SetClosedCB(options, &OnClosed, link.get());
  if (status == NATS_OK) status = natsOptions_SetErrorHandler(options, &OnError, link.get());
  if (status == NATS_OK) status = natsConnection_Connect(&link->connection_, options);
  SLUICE_RETURN_IF_ERROR(ToStatus(status));
  return link;
}

NatsLink::~NatsLink() {
  subscribed_.clear();
  deliveries_.reset();
  if (connection_ == nullptr) return;
  natsConnection_Close(connection_);
  is_closed_.wait(false);
  natsConnection_Destroy(connection_);
}

void NatsLink::OnClosed(natsConnection*, void* self) {
  auto& closed = static_cast<NatsLink*>(self)->is_closed_;
  closed.store(true);
  closed.notify_all();
}

void NatsLink::OnError(natsConnection*, natsSubscription*, natsStatus status, void* self) {
  Logger* const logger = static_cast<NatsLink*>(self)->logger_;
  if (logger == nullptr) return;
  logger->Log(LogLevel::kWarning, "nats", "error", {{"error", natsStatus_GetText(status)}});
}

std::string NatsLink::ServerUrl() const {
  std::array<char, 1024> url{};
  const bool is_known =
      natsConnection_GetConnectedUrl(connection_, url.data(), url.size()) == NATS_OK;
  return is_known ? url.data() : "";
}

std::vector<std::string> NatsLink::KnownServerUrls() const {
  std::vector<std::string> urls;
  char** found = nullptr;
  int count = 0;
  if (natsConnection_GetServers(connection_, &found, &count) != NATS_OK) return urls;
  for (int i = 0; i < count; ++i) {
    urls.emplace_back(found[i]);
    std::free(found[i]);
  }
  std::free(found);
  return urls;
}

absl::StatusOr<NatsLink::Subscription> NatsLink::SubscribeTo(const std::string& subject) {
  natsSubscription* made = nullptr;
  natsStatus status = natsConnection_SubscribeSync(&made, connection_, subject.c_str());
  Subscription subscription(made);
  if (status == NATS_OK) status = natsSubscription_SetPendingLimits(made, kUnlimited, kUnlimited);
  SLUICE_RETURN_IF_ERROR(ToStatus(status));
  return subscription;
}

absl::Status NatsLink::Subscribe(const std::string& subject) {
  absl::StatusOr<Subscription> subscription = SubscribeTo(subject);
  SLUICE_RETURN_IF_ERROR(subscription.status());
  subscribed_.push_back({subject, *std::move(subscription)});
  return absl::OkStatus();
}

void NatsLink::Unsubscribe(const std::string& subject) {
  std::erase_if(subscribed_, [&](const Subscribed& each) { return each.subject == subject; });
}

absl::Status NatsLink::Listen(const std::string& subject) {
  deliveries_.reset();
  absl::StatusOr<Subscription> deliveries = SubscribeTo(subject);
  SLUICE_RETURN_IF_ERROR(deliveries.status());
  deliveries_ = *std::move(deliveries);
  return absl::OkStatus();
}

int NatsLink::Read(Take take) {
  int messages = 0;
  for (const Subscribed& each : subscribed_) messages += ReadFrom(each.subscription.get(), take);
  if (deliveries_ != nullptr) messages += ReadFrom(deliveries_.get(), take);
  return messages;
}

int NatsLink::ReadFrom(natsSubscription* subscription, Take take) {
  int waiting = 0;
  int bytes = 0;
  if (natsSubscription_GetPending(subscription, &waiting, &bytes) != NATS_OK) return 0;
  const bool is_delivery = subscription == deliveries_.get();
  for (int i = 0; i < waiting; ++i) {
    natsMsg* message = nullptr;
    const natsStatus status = natsSubscription_NextMsg(&message, subscription, 0);
    if (status != NATS_OK && status != NATS_NO_RESPONDERS) break;
    take(message, is_delivery);
    // The taker may have begun to listen elsewhere, which ended this subscription.
    if (is_delivery && subscription != deliveries_.get()) break;
  }
  return waiting;
}

uint64_t NatsLink::Dropped() const {
  uint64_t sum = DroppedOf(deliveries_.get());
  for (const Subscribed& each : subscribed_) sum += DroppedOf(each.subscription.get());
  return sum;
}

}  // namespace sluice::ingest
