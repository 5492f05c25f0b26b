#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "sluice/v1/gateway.pb.h"

namespace sluice::bench {

// Whom the events of a plan go to.
enum class Target : uint8_t {
  kTopic,   // the topic `name`
  kUser,    // the user `name`
  kRandom,  // each to one of u<first_user>..., at random
  kRound,   // to u<first_user>... in turn
  kBurst,   // each batch to one of them, at random
};

struct PlanOptions {
  Target target = Target::kRandom;
  std::string name;  // of the topic or the user
  uint32_t first_user = 0;
  uint32_t users = 1;
  uint64_t events = 1'000;
  uint64_t rate = 1'000;    // events a second
  uint64_t batch = 1;       // events planned for the same moment
  size_t data_bytes = 200;  // of each event's data
  uint32_t seed = 1;
};

// Which event is to be published when and to whom: an open loop, so that a slow server does not
// slow the publisher and thereby hide its own delay. Thread: one.
class PublishPlan {
 public:
  explicit PublishPlan(PlanOptions options)
      : options_(std::move(options)), random_(options_.seed) {}

  void Start(int64_t now_ns) { start_ns_ = now_ns; }
  // When the batch that holds event `index` is to be published.
  int64_t PlannedNs(uint64_t index) const;
  // Fills `request` with event `index`; indices must come in order, each once.
  void Fill(uint64_t index, sluice::v1::PublishRequest* request);

  const PlanOptions& options() const { return options_; }

 private:
  // Sets the target and returns its name as payloads carry it.
  std::string PickTarget(uint64_t index, sluice::v1::PublishRequest* request);

  const PlanOptions options_;
  std::minstd_rand random_;
  int64_t start_ns_ = 0;
  uint32_t burst_user_ = 0;
};

}  // namespace sluice::bench
