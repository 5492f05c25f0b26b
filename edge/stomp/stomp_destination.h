#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/event.h"

namespace sluice::edge {

// What a client subscribes to.
struct StompDestination {
  std::string topic;  // of `/topic/NAME`; empty: the user's own channel
  // Of `/user/queue/TYPE`: only events of that type; nullopt: of every type (`/user/queue`).
  std::optional<std::string> type;

  // nullopt: nothing that can be followed.
  static std::optional<StompDestination> Parse(std::string_view text);
  bool Takes(const Event& event) const;
};

// What the header `destination` of a MESSAGE says of `event`: `/topic/NAME`, `/user/queue/TYPE` or
// `/user/queue`.
std::string StompDestinationOf(const Event& event);

}  // namespace sluice::edge
