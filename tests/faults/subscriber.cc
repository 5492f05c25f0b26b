#include "tests/faults/subscriber.h"

namespace sluice::faults {

bench::StreamStart Subscriber::Start() const {
  return {topics, cursor.epoch.empty() ? "" : cursor.ToString()};
}

}  // namespace sluice::faults
