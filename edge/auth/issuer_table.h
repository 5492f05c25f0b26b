#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "core/options.h"
#include "edge/auth/jwks_refresher.h"
#include "edge/auth/token_verifier.h"

namespace sluice::edge {

// The issuers of the options with their keys, read from where the options say; those that are to be
// fetched have none yet, and are named in `sources` (null: left out). INVALID_ARGUMENT
// that begins with the setting or section: a file that cannot be read, keys of no use, algorithms
// that none of them allows. Thread: any.
absl::StatusOr<std::vector<TokenIssuer>> LoadIssuers(
    const AuthOptions& options, std::vector<JwksRefresher::Source>* sources = nullptr);

}  // namespace sluice::edge
