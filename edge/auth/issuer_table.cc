#include "edge/auth/issuer_table.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/small_file.h"
#include "core/status.h"

namespace sluice::edge {
namespace {

absl::Status In(const std::string& setting, const absl::Status& status) {
  return absl::InvalidArgumentError(absl::StrCat(setting, ": ", status.message()));
}

absl::StatusOr<KeySet> Single(const std::string& setting, absl::StatusOr<VerificationKey> key) {
  if (!key.ok()) return In(setting, key.status());
  std::vector<VerificationKey> keys;
  keys.push_back(*std::move(key));
  return KeySet(std::move(keys));
}

absl::StatusOr<KeySet> LoadKeys(const std::string& section, const IssuerOptions& options) {
  if (!options.secret.empty()) {
    return Single(section + ".secret", VerificationKey::FromSecret(options.secret));
  }
  if (!options.secret_file.empty()) {
    const std::string setting = section + ".secret_file";
    SLUICE_ASSIGN_OR_RETURN(const std::string secret, ReadSecretFile(setting, options.secret_file));
    return Single(setting, VerificationKey::FromSecret(secret));
  }
  if (!options.public_key_file.empty()) {
    const std::string setting = section + ".public_key_file";
    SLUICE_ASSIGN_OR_RETURN(const std::string pem, ReadSmallFile(setting, options.public_key_file));
    return Single(setting, VerificationKey::FromPem(pem));
  }
  const std::string setting = section + ".jwks_file";
  SLUICE_ASSIGN_OR_RETURN(const std::string jwks, ReadSmallFile(setting, options.jwks_file));
  absl::StatusOr<KeySet> keys = KeySet::FromJwks(jwks);
  if (!keys.ok()) return In(setting, keys.status());
  return keys;
}

// The only ones that count.
AlgorithmSet AllowedBy(const IssuerOptions& options) {
  if (options.algorithms.empty()) return AlgorithmSet().set();
  AlgorithmSet allowed;
  for (const std::string& name : options.algorithms) {
    const std::optional<SignatureAlgorithm> algorithm = ParseSignatureAlgorithm(name);
    if (algorithm) allowed |= SetOf({*algorithm});
  }
  return allowed;
}

absl::StatusOr<KeySet> LoadAllowedKeys(const std::string& section, const IssuerOptions& options) {
  if (!options.jwks_url.empty()) return KeySet();
  SLUICE_ASSIGN_OR_RETURN(KeySet keys, LoadKeys(section, options));
  keys.Restrict(AllowedBy(options));
  if (keys.size() > 0) return keys;
  return absl::InvalidArgumentError(
      absl::StrCat(section, ".algorithms: none of the keys allows one of these"));
}

absl::StatusOr<TokenIssuer> LoadIssuer(const std::string& section, const IssuerOptions& options,
                                       const AuthOptions& auth,
                                       std::vector<JwksRefresher::Source>* sources) {
  SLUICE_ASSIGN_OR_RETURN(KeySet keys, LoadAllowedKeys(section, options));
  const auto source = std::make_shared<KeySource>(std::move(keys));
  if (!options.jwks_url.empty() && sources != nullptr) {
    // Who fetches keys from elsewhere shares no secret with the issuer.
    sources->push_back({.url = options.jwks_url,
                        .keys = source,
                        .algorithms = AllowedBy(options) & ~SymmetricAlgorithms()});
  }
  return TokenIssuer{.name = options.issuer,
                     .keys = source,
                     .rules = {.audience = options.audience,
                               .require_expiry = auth.require_expiry,
                               .leeway = auth.leeway}};
}

}  // namespace

absl::StatusOr<std::vector<TokenIssuer>> LoadIssuers(const AuthOptions& options,
                                                     std::vector<JwksRefresher::Source>* sources) {
  std::vector<TokenIssuer> issuers;
  if (options.issuer != IssuerOptions()) {
    SLUICE_ASSIGN_OR_RETURN(TokenIssuer issuer,
                            LoadIssuer("auth", options.issuer, options, sources));
    issuers.push_back(std::move(issuer));
  }
  for (const auto& [name, issuer_options] : options.more_issuers) {
    SLUICE_ASSIGN_OR_RETURN(TokenIssuer issuer,
                            LoadIssuer("issuers." + name, issuer_options, options, sources));
    issuers.push_back(std::move(issuer));
  }
  return issuers;
}

}  // namespace sluice::edge
