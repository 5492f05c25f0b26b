#include "edge/inbound/message_router.h"

#include <chrono>
#include <utility>

#include "core/channel.h"
#include "core/event.h"
#include "core/utf8.h"
#include "edge/inbound/stamped_message.h"

namespace sluice::edge {
namespace {

constexpr std::string_view kApp = "/app/";
constexpr std::string_view kTopic = "/topic/";
// What the log and the queue have not answered, of all sessions of the process.
constexpr uint64_t kMaxUnansweredBytes = 64u << 20;
constexpr uint64_t kMessageBytes = 1024;  // of a message, beside its data
constexpr std::chrono::seconds kMaxAppendTime{5};

}  // namespace

MessageRouter::MessageRouter(const EdgeOptions& options, ingest::ClientMessageQueue* queue,
                             const Clock* clock)
    : queue_(queue), clock_(*clock), budget_(std::make_shared<ByteBudget>(kMaxUnansweredBytes)) {
  const auto add = [this](const RouteOptions& route) {
    absl::StatusOr<RouteTarget> to = RouteTarget::Parse(route.to);
    // The settings have been checked.
    if (to.ok()) routes_.emplace(route.destination, Route{*std::move(to), route.type});
  };
  add(options.route);
  for (const auto& [place, route] : options.more_routes) add(route);
}

void MessageRouter::Send(const SentMessage& message, const Sender& sender, Done done) {
  const std::string_view destination = message.destination;
  if (!IsValidUtf8(message.data)) {
    return done(absl::InvalidArgumentError("the data must be valid UTF-8"));
  }
  if (destination.starts_with(kTopic)) {
    return SendToTopic(destination.substr(kTopic.size()), message, sender, std::move(done));
  }
  if (destination.starts_with(kApp)) {
    return SendToApp(destination.substr(kApp.size()), message.data, sender, std::move(done));
  }
  done(absl::NotFoundError("messages are sent to /app/DESTINATION or /topic/NAME"));
}

void MessageRouter::SendToTopic(std::string_view topic, const SentMessage& message,
                                const Sender& sender, Done done) {
  absl::Status valid = ValidateChannelName("the topic", topic);
  if (valid.ok()) valid = ValidateEventType("type", message.type);
  if (!valid.ok()) return done(std::move(valid));
  if (!AnyMatches(sender.publish, topic)) {
    return done(absl::PermissionDeniedError("publishing to this topic is not granted"));
  }
  Publish(ChannelView::Topic(topic), message.type, message.data, std::move(done));
}

void MessageRouter::SendToApp(std::string_view destination, std::string_view data,
                              const Sender& sender, Done done) {
  absl::Status valid = ValidateChannelName("the destination", destination);
  if (!valid.ok()) return done(std::move(valid));
  const WallTime now = clock_.Wall();
  if (const auto found = routes_.find(destination); found != routes_.end()) {
    const Route& route = found->second;
    return Publish(route.to.ChannelFor(sender.user_id), route.type,
                   StampedMessage(sender.user_id, now, data), std::move(done));
  }
  if (queue_ == nullptr) return done(absl::NotFoundError("nobody takes this destination"));
  done = Admit(data.size(), std::move(done));
  if (!done) return;
  queue_->Append({.user_id = std::string(sender.user_id),
                  .destination = std::string(destination),
                  .data = std::string(data),
                  .time = now,
                  .connection = sender.connection},
                 std::move(done));
}

void MessageRouter::Publish(const ChannelView& channel, std::string_view type,
                            std::string_view data, Done done) {
  ingest::EventLog* const log = log_;
  if (log == nullptr) return done(absl::NotFoundError("this edge publishes nothing"));
  done = Admit(data.size(), std::move(done));
  if (!done) return;
  log->Append({.channel = channel,
               .type = type,
               .data = data,
               .idempotency_key = "",
               .deadline = clock_.Steady() + kMaxAppendTime},
              [done = std::move(done)](const absl::StatusOr<ingest::Appended>& appended) mutable {
                done(appended.status());
              });
}

MessageRouter::Done MessageRouter::Admit(size_t bytes, Done done) {
  const uint64_t taken = bytes + kMessageBytes;
  if (!budget_->Take(taken)) {
    done(absl::ResourceExhaustedError("too many messages wait for their answers"));
    return nullptr;
  }
  return [budget = budget_, taken, done = std::move(done)](absl::Status status) mutable {
    budget->Release(taken);
    done(std::move(status));
  };
}

}  // namespace sluice::edge
