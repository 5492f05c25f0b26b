#include "gateway/server_credentials.h"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include "core/small_file.h"
#include "core/status.h"

namespace sluice::gateway {
namespace {

constexpr unsigned kRefreshSeconds = 5;

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerCredentialsOf(
    const GatewayOptions& options) {
  if (options.tls_cert_file.empty()) return grpc::InsecureServerCredentials();
  // gRPC would wait for files that are not there.
  for (const auto& [key, path] :
       {std::pair("gateway.tls_cert_file", &options.tls_cert_file),
        std::pair("gateway.tls_key_file", &options.tls_key_file),
        std::pair("gateway.tls_client_ca_file", &options.tls_client_ca_file)}) {
    if (path->empty()) continue;
    SLUICE_RETURN_IF_ERROR(ReadSmallFile(key, *path).status());
  }
  namespace tls = grpc::experimental;
  tls::TlsServerCredentialsOptions credentials(
      std::make_shared<tls::FileWatcherCertificateProvider>(
          options.tls_key_file, options.tls_cert_file, options.tls_client_ca_file,
          kRefreshSeconds));
  credentials.watch_identity_key_cert_pairs();
  if (options.tls_client_ca_file.empty()) {
    credentials.set_cert_request_type(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  } else {
    credentials.watch_root_certs();
    // Asked for, and verified if given: who has none may still have a key.
    credentials.set_cert_request_type(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return tls::TlsServerCredentials(credentials);
}

}  // namespace sluice::gateway
