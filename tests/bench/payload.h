#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::bench {

// The data of a bench event: JSON of a fixed size that carries when it was planned to be published
// and to whom, so that the receiver can tell latency and misdelivery.
//   {"t":      1234567890123,"to":"u17","pad":"xxxx"}
struct Payload {
  int64_t planned_ns = 0;
  std::string_view target;

  // The payload in exactly `bytes` octets, or as few as it takes if that is less.
  std::string Write(size_t bytes) const;
  // False if `data` was not written by Write. The target points into `data`.
  static bool Read(std::string_view data, Payload* payload);
};

}  // namespace sluice::bench
