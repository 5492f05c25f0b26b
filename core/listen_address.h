#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace sluice {

// Where a server listens: an IP address and a port. Thread: any.
struct ListenAddress {
  // `127.0.0.1:8080`, `[::1]:8080`, and `localhost:8080` for the first. Other host names are
  // INVALID_ARGUMENT: what they resolve to may change between the check and the bind. Port 0 lets
  // the system choose.
  static absl::StatusOr<ListenAddress> Parse(std::string_view text);
  std::string ToString() const;  // as Parse reads it
  // True if only this machine can reach it.
  bool is_loopback() const;

  std::string host;  // without brackets
  uint16_t port = 0;
};

}  // namespace sluice
