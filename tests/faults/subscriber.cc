#include "tests/faults/subscriber.h"

namespace sluice::faults {

bool Subscriber::is_xhr() const {
  return wire == bench::Wire::kSockJsXhrStreaming || wire == bench::Wire::kSockJsXhr;
}

bench::StreamStart Subscriber::Start() const {
  return {.topics = topics,
          .cursor = cursor.epoch.empty() ? "" : cursor.ToString(),
          .user = user,
          .session = user + "-" + std::to_string(connection)};
}

}  // namespace sluice::faults
