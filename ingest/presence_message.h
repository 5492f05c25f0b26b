#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::ingest {

// What gateways and edges say to each other about presence, in JSON. Reading gives nullopt for
// what is none of it, whoever sent it. Source: docs/protocol.md, "NATS". Thread: any.

// To all edges. Without users it only asks who is there.
struct PresenceQuestion {
  std::vector<std::string> users;

  std::string ToJson() const;
  static std::optional<PresenceQuestion> FromJson(std::string_view text);
};

// One edge's answer to the gateway that asked.
struct EdgeCounts {
  std::string edge;                // 1 to 32 of [0-9a-f]
  std::vector<uint32_t> sessions;  // of each user of the question, in order

  std::string ToJson() const;
  static std::optional<EdgeCounts> FromJson(std::string_view text);
};

// What an edge tells all gateways of itself.
struct EdgeBeacon {
  std::string edge;  // 1 to 32 of [0-9a-f]
  bool leaves = false;

  std::string ToJson() const;
  static std::optional<EdgeBeacon> FromJson(std::string_view text);
};

}  // namespace sluice::ingest
