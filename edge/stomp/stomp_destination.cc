#include "edge/stomp/stomp_destination.h"

namespace sluice::edge {
namespace {

constexpr std::string_view kTopic = "/topic/";
constexpr std::string_view kUserQueue = "/user/queue";

}  // namespace

std::optional<StompDestination> StompDestination::Parse(std::string_view text) {
  if (text.starts_with(kTopic)) {
    const std::string_view name = text.substr(kTopic.size());
    if (!ValidateChannelName("destination", name).ok()) return std::nullopt;
    return StompDestination{.topic = std::string(name), .type = std::nullopt};
  }
  if (text == kUserQueue) return StompDestination{};
  if (!text.starts_with(kUserQueue) || text[kUserQueue.size()] != '/') return std::nullopt;
  const std::string_view type = text.substr(kUserQueue.size() + 1);
  if (type.empty() || !ValidateEventType("destination", type).ok()) return std::nullopt;
  return StompDestination{.topic = "", .type = std::string(type)};
}

bool StompDestination::Takes(const Event& event) const {
  const ChannelView channel = event.channel();
  if (channel.kind == ChannelKind::kTopic) return topic == channel.name;
  return topic.empty() && (!type || *type == event.type());
}

std::string StompDestinationOf(const Event& event) {
  const ChannelView channel = event.channel();
  if (channel.kind == ChannelKind::kTopic) {
    return std::string(kTopic).append(channel.name);
  }
  std::string destination(kUserQueue);
  if (!event.type().empty()) destination.append("/").append(event.type());
  return destination;
}

}  // namespace sluice::edge
