#include "app/local_presence.h"

#include "absl/status/status.h"

namespace sluice::app {

void LocalPresence::Ask(std::vector<std::string> users, std::chrono::milliseconds /*timeout*/,
                        Done done) {
  const edge::Edge* const edge = edge_;
  if (edge == nullptr) return done(absl::UnavailableError("the edge has not started yet"));
  done(ingest::PresenceAnswer{
      .sessions = edge->CountSessions(users), .edges = 1, .missing_edges = {}});
}

}  // namespace sluice::app
