#pragma once

#include <vector>

#include "absl/status/status.h"
#include "core/options.h"

namespace sluice::app {

// Reads every file that the options name, keys, certificates and passwords, as a process that
// starts with them does, and tells what is wrong with each: INVALID_ARGUMENT. Keys that are fetched
// from a server are not. Thread: main.
std::vector<absl::Status> ReadNamedFiles(const Options& options);

}  // namespace sluice::app
