#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/channel.h"

namespace sluice {

// The channel that a route forwards to, written `topic:NAME`, `user:NAME` or `user:{user}`, which
// is whoever sent the message. Thread: any (immutable).
class RouteTarget {
 public:
  // INVALID_ARGUMENT: none of these forms, or no name that a channel may have.
  static absl::StatusOr<RouteTarget> Parse(std::string_view text);

  // Borrows from this and from `sender`.
  ChannelView ChannelFor(std::string_view sender) const {
    return {kind_, is_sender_ ? sender : std::string_view(name_)};
  }

 private:
  RouteTarget(ChannelKind kind, std::string_view name, bool is_sender)
      : kind_(kind), name_(name), is_sender_(is_sender) {}

  ChannelKind kind_;
  std::string name_;
  bool is_sender_;
};

}  // namespace sluice
