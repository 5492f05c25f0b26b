#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "absl/status/statusor.h"
#include "core/signature_algorithm.h"

struct evp_pkey_st;  // OpenSSL's

namespace sluice::edge {

// Signs tokens: for `sluice token`, so for development, and for tests. The edge itself never does.
// Thread: any (immutable).
class TokenSigner {
 public:
  // INVALID_ARGUMENT: an algorithm that is not for a secret.
  static absl::StatusOr<TokenSigner> FromSecret(
      std::string_view octets, SignatureAlgorithm algorithm = SignatureAlgorithm::kHs256);
  // A private key in PEM. Without an algorithm RS256, EdDSA, or the one of the curve.
  // INVALID_ARGUMENT: no such key, or an algorithm that is not for it.
  static absl::StatusOr<TokenSigner> FromPem(
      std::string_view pem, std::optional<SignatureAlgorithm> algorithm = std::nullopt);

  // A JWS in compact form. `alg` is set in the header, `typ` is JWT unless it is there. INTERNAL:
  // the library failed.
  absl::StatusOr<std::string> Sign(boost::json::object header, std::string_view payload) const;

  SignatureAlgorithm algorithm() const { return algorithm_; }

 private:
  TokenSigner() = default;

  SignatureAlgorithm algorithm_ = SignatureAlgorithm::kHs256;
  std::string secret_;
  std::shared_ptr<evp_pkey_st> key_;  // shared: copies of the signer have the same key
};

}  // namespace sluice::edge
