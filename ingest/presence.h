#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

namespace sluice::ingest {

// How many sessions users have, as far as edges have said in time.
struct PresenceAnswer {
  std::vector<uint32_t> sessions;          // of each user that was asked for, over those edges
  uint32_t edges = 0;                      // that have answered
  std::vector<std::string> missing_edges;  // known to be there, and silent; in order
  bool knows_all_edges = true;             // false: there may be others, which nobody has heard yet

  bool is_complete() const { return knows_all_edges && missing_edges.empty(); }
};

// Asks all edges how many sessions users have. Thread: any. Owner: app; outlives the gateway.
class Presence {
 public:
  // From any thread, also within Ask. UNAVAILABLE: nobody can be asked. RESOURCE_EXHAUSTED: too
  // many questions at a time. INVALID_ARGUMENT: too many octets for NATS.
  using Done = absl::AnyInvocable<void(absl::StatusOr<PresenceAnswer>)>;

  virtual ~Presence() = default;
  // Calls `done` once: as soon as every known edge has answered, and with what there is when
  // `timeout` has passed. Drops it if the asker is destroyed before.
  virtual void Ask(std::vector<std::string> users, std::chrono::milliseconds timeout,
                   Done done) = 0;
};

// The sessions of each of these users on one edge. Must not block. Thread: any.
using CountSessions = std::function<std::vector<uint32_t>(std::span<const std::string> users)>;

}  // namespace sluice::ingest
