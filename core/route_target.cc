#include "core/route_target.h"

#include "core/status.h"

namespace sluice {

absl::StatusOr<RouteTarget> RouteTarget::Parse(std::string_view text) {
  constexpr std::string_view kTopic = "topic:";
  constexpr std::string_view kUser = "user:";
  constexpr std::string_view kSender = "{user}";
  const bool is_topic = text.starts_with(kTopic);
  if (!is_topic && !text.starts_with(kUser)) {
    return absl::InvalidArgumentError("a route leads to topic:NAME, user:NAME or user:{user}");
  }
  const std::string_view name = text.substr(is_topic ? kTopic.size() : kUser.size());
  SLUICE_RETURN_IF_ERROR(ValidateChannelName("the name", name));
  const ChannelKind kind = is_topic ? ChannelKind::kTopic : ChannelKind::kUser;
  return RouteTarget(kind, name, !is_topic && name == kSender);
}

}  // namespace sluice
