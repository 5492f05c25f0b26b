#pragma once

#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "absl/status/statusor.h"
#include "core/options.h"

namespace sluice::gateway {

// Plain text, or TLS with the certificate of the options, and with client certificates if an
// authority for them is named. The files are watched: what changes holds for the next handshakes,
// and no connection is lost. INVALID_ARGUMENT: a file that cannot be read. Thread: main.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerCredentialsOf(
    const GatewayOptions& options);

}  // namespace sluice::gateway
