#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "edge/edge.h"
#include "ingest/presence.h"

namespace sluice::app {

// Presence where gateway and edge share a process and there is no other edge: answers within Ask.
// Thread: any. Owner: Server, which stops the gateway before the edge goes.
class LocalPresence final : public ingest::Presence {
 public:
  // UNAVAILABLE before; the gateway starts first.
  void SetEdge(const edge::Edge* edge) { edge_ = edge; }
  void Ask(std::vector<std::string> users, std::chrono::milliseconds timeout, Done done) override;

 private:
  std::atomic<const edge::Edge*> edge_{nullptr};
};

}  // namespace sluice::app
