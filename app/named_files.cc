#include "app/named_files.h"

#include "core/small_file.h"
#include "edge/auth/issuer_table.h"
#include "edge/tls/tls_context.h"
#include "gateway/publisher_table.h"
#include "gateway/server_credentials.h"
#include "ingest/nats_options.h"

namespace sluice::app {
std::vector<absl::Status> ReadNamedFiles(const Options& options) {
  std::vector<absl::Status> faults;
  const auto take = [&faults](const absl::Status& status) {
    if (!status.ok()) faults.push_back(status);
  };
  if (!options.nats.urls.empty()) {
    take(ingest::MakeNatsOptions(options.nats, options.nats.urls, "check").status());
  }
  take(gateway::PublisherTable::Load(options.gateway).status());
  take(gateway::ServerCredentialsOf(options.gateway).status());
  if (!options.edge.tls_cert_file.empty()) take(edge::TlsContext::Load(options.edge).status());
  if (options.auth.is_on()) take(edge::LoadIssuers(options.auth).status());
  if (!options.auth.jwks_ca_file.empty()) {
    take(ReadSmallFile("auth.jwks_ca_file", options.auth.jwks_ca_file).status());
  }
  return faults;
}

}  // namespace sluice::app
