#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "edge/auth/authenticator.h"

namespace sluice::edge {

// Names one session in the cluster; `connected` tells it to the client alone. Written
// `<edge>-<shard>-<descriptor>-<secret>`, which nobody but Sluice reads more into.
struct ConnectionId {
  std::string edge;  // see PeerNetwork::self
  uint32_t shard;
  int fd;
  uint64_t secret;  // nobody guesses it

  // nullopt: not of this form.
  static std::optional<ConnectionId> Parse(std::string_view text);
  std::string ToString() const;
};

// A session's new token, verified by the edge that it was sent to. Thread: any.
struct Renewal {
  ConnectionId connection;
  Identity identity;

  // For the peer that has the session: JSON without the token itself.
  std::string ToJson() const;
  // nullopt: not what ToJson writes.
  static std::optional<Renewal> FromJson(std::string_view text);
};

enum class RenewalResult : uint8_t {
  kRenewed,
  kNoSession,    // or one of another user
  kNotGranted,   // the session follows a topic that the token does not grant
  kRevoked,      // the token
  kUnreachable,  // the edge of the session does not answer
};
inline constexpr size_t kRenewalResults = 5;

std::string_view RenewalResultName(RenewalResult result);
// nullopt: no result has this name.
std::optional<RenewalResult> ParseRenewalResult(std::string_view name);

}  // namespace sluice::edge
