#pragma once

#include <memory>
#include <string>
#include <vector>

#include <nats/nats.h>

#include "absl/status/statusor.h"
#include "core/options.h"

namespace sluice::ingest {

using NatsOptionsPtr = std::unique_ptr<natsOptions, decltype(&natsOptions_Destroy)>;

// What nats.c needs to connect to one of `servers` as the options say, under `name`. Reconnecting
// is ours (NatsConnection), so its own is off. Reads the files each time, so that a rotated
// password or certificate is used by the next link. INVALID_ARGUMENT names what cannot be used.
// Thread: any.
absl::StatusOr<NatsOptionsPtr> MakeNatsOptions(const NatsOptions& options,
                                               const std::vector<std::string>& servers,
                                               const std::string& name);

}  // namespace sluice::ingest
