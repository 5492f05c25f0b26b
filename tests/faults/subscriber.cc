#include "tests/faults/subscriber.h"

namespace sluice::faults {

bench::StreamStart Subscriber::Start() const {
  return {.topics = topics,
          .cursor = cursor.epoch.empty() ? "" : cursor.ToString(),
          .user = user,
          .session = user + "-" + std::to_string(connection)};
}

}  // namespace sluice::faults
