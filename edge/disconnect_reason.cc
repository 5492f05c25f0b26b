#include "edge/disconnect_reason.h"

#include <array>

namespace sluice::edge {
namespace {

constexpr std::array<DisconnectPolicy, kDisconnectReasons> kPolicies = {{
    {"client", false, true},
    {"network", false, true},
    {"slow", true, true},
    {"max-age", true, true},
    {"shutdown", true, true},
    {"overload", true, true},
    {"protocol", false, false},
    {"expired", true, true},
    {"drain", true, true},
    {"revoked", true, false},
}};

}  // namespace

const DisconnectPolicy& PolicyOf(DisconnectReason reason) {
  return kPolicies[static_cast<size_t>(reason)];
}

}  // namespace sluice::edge
