#pragma once

#include "absl/status/status.h"
#include "core/listen_address.h"

namespace sluice::gateway {

// UNAVAILABLE that says why nobody can listen on `address`, found by trying, since gRPC does not
// tell. Thread: any.
absl::Status BindFailure(const ListenAddress& address);

}  // namespace sluice::gateway
