#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "core/clock.h"

namespace sluice::ingest {

// The edges that a gateway has heard of, so that it can tell who does not answer. An edge that says
// nothing for kPatience counts as gone. Thread: one.
class EdgeTable {
 public:
  // Between two beacons of an edge, give or take a quarter.
  static constexpr std::chrono::milliseconds kBeaconInterval{5'000};
  static constexpr std::chrono::milliseconds kPatience = 3 * kBeaconInterval;
  static constexpr size_t kMaxEdges = 1'000;

  // True if it was not known. Beyond kMaxEdges others stay unknown.
  bool Hear(const std::string& edge, SteadyTime now);
  // True if it was known.
  bool Forget(const std::string& edge) { return heard_.erase(edge) > 0; }
  // Forgets those that have been silent for too long, and names them.
  std::vector<std::string> ForgetSilent(SteadyTime now);

  // When each was last heard.
  const std::map<std::string, SteadyTime>& heard() const { return heard_; }
  bool is_full() const { return heard_.size() >= kMaxEdges; }

 private:
  std::map<std::string, SteadyTime> heard_;
};

}  // namespace sluice::ingest
