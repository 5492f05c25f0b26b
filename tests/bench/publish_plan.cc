#include "tests/bench/publish_plan.h"

#include "tests/bench/payload.h"

namespace sluice::bench {

int64_t PublishPlan::PlannedNs(uint64_t index) const {
  const uint64_t first_of_batch = index - index % options_.batch;
  const double seconds = static_cast<double>(first_of_batch) / static_cast<double>(options_.rate);
  return start_ns_ + static_cast<int64_t>(seconds * 1e9);
}

void PublishPlan::Fill(uint64_t index, sluice::v1::PublishRequest* request) {
  const std::string target = PickTarget(index, request);
  const Payload payload = {.planned_ns = PlannedNs(index), .target = target};
  request->mutable_event()->set_type("bench");
  request->mutable_event()->set_data(payload.Write(options_.data_bytes));
}

std::string PublishPlan::PickTarget(uint64_t index, sluice::v1::PublishRequest* request) {
  if (options_.target == Target::kTopic) {
    request->set_topic(options_.name);
    return options_.name;
  }
  std::uniform_int_distribution<uint32_t> pick(0, options_.users - 1);
  std::string user = options_.name;
  if (options_.target == Target::kRandom) {
    user = "u" + std::to_string(options_.first_user + pick(random_));
  } else if (options_.target == Target::kRound) {
    user = "u" + std::to_string(options_.first_user + index % options_.users);
  } else if (options_.target == Target::kBurst) {
    if (index % options_.batch == 0) burst_user_ = pick(random_);
    user = "u" + std::to_string(options_.first_user + burst_user_);
  }
  request->set_user_id(user);
  return user;
}

}  // namespace sluice::bench
