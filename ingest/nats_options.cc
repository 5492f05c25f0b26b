#include "ingest/nats_options.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/small_file.h"
#include "core/status.h"

namespace sluice::ingest {
namespace {

constexpr int64_t kConnectTimeoutMs = 2'000;
// Of nats.c's buffers for reading and writing.
constexpr int kBufferBytes = 256 << 10;
// Never: NatsConnection looks after the link itself.
constexpr int64_t kPingIntervalMs = 365LL * 24 * 3'600 * 1'000;

absl::Status Check(const char* what, natsStatus status) {
  if (status == NATS_OK) return absl::OkStatus();
  const char* detail = nats_GetLastError(nullptr);
  return absl::InvalidArgumentError(absl::StrCat(
      what, ": ", detail != nullptr && *detail != '\0' ? detail : natsStatus_GetText(status)));
}

absl::Status SetIdentity(const NatsOptions& options, natsOptions* made) {
  if (!options.credentials_file.empty()) {
    SLUICE_RETURN_IF_ERROR(
        ReadSecretFile("nats.credentials_file", options.credentials_file).status());
    return Check("nats.credentials_file", natsOptions_SetUserCredentialsFromFiles(
                                              made, options.credentials_file.c_str(), nullptr));
  }
  if (options.user.empty()) return absl::OkStatus();
  std::string password = options.password;
  if (!options.password_file.empty()) {
    SLUICE_ASSIGN_OR_RETURN(password, ReadSecretFile("nats.password_file", options.password_file));
  }
  return Check("nats.user", natsOptions_SetUserInfo(made, options.user.c_str(), password.c_str()));
}

absl::Status SetTls(const NatsOptions& options, natsOptions* made) {
  const bool is_wanted =
      !options.tls_ca_file.empty() || !options.tls_cert_file.empty() ||
      std::any_of(options.urls.begin(), options.urls.end(),
                  [](const std::string& url) { return url.starts_with("tls://"); });
  if (!is_wanted) return absl::OkStatus();
  SLUICE_RETURN_IF_ERROR(Check("TLS", natsOptions_SetSecure(made, true)));
  if (!options.tls_ca_file.empty()) {
    SLUICE_RETURN_IF_ERROR(Check("nats.tls_ca_file", natsOptions_LoadCATrustedCertificates(
                                                         made, options.tls_ca_file.c_str())));
  }
  if (options.tls_cert_file.empty()) return absl::OkStatus();
  return Check("nats.tls_cert_file",
               natsOptions_LoadCertificatesChain(made, options.tls_cert_file.c_str(),
                                                 options.tls_key_file.c_str()));
}

}  // namespace

absl::StatusOr<NatsOptionsPtr> MakeNatsOptions(const NatsOptions& options,
                                               const std::vector<std::string>& servers,
                                               const std::string& name) {
  natsOptions* raw = nullptr;
  SLUICE_RETURN_IF_ERROR(Check("NATS", natsOptions_Create(&raw)));
  NatsOptionsPtr made(raw, &natsOptions_Destroy);
  std::vector<const char*> urls;
  for (const std::string& server : servers) urls.push_back(server.c_str());
  SLUICE_RETURN_IF_ERROR(
      Check("nats.urls", natsOptions_SetServers(raw, urls.data(), static_cast<int>(urls.size()))));
  SLUICE_RETURN_IF_ERROR(Check("name", natsOptions_SetName(raw, name.c_str())));
  SLUICE_RETURN_IF_ERROR(Check("timeout", natsOptions_SetTimeout(raw, kConnectTimeoutMs)));
  SLUICE_RETURN_IF_ERROR(Check("reconnect", natsOptions_SetAllowReconnect(raw, false)));
  SLUICE_RETURN_IF_ERROR(Check("ping", natsOptions_SetPingInterval(raw, kPingIntervalMs)));
  SLUICE_RETURN_IF_ERROR(Check("buffer", natsOptions_SetIOBufSize(raw, kBufferBytes)));
  // In an event loop this only means that the loop is asked to write at once.
  SLUICE_RETURN_IF_ERROR(Check("send", natsOptions_SetSendAsap(raw, true)));
  SLUICE_RETURN_IF_ERROR(SetIdentity(options, raw));
  SLUICE_RETURN_IF_ERROR(SetTls(options, raw));
  return made;
}

}  // namespace sluice::ingest
