#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "absl/status/statusor.h"
#include "core/signature_algorithm.h"

struct _cjose_jwk_int;  // libcjose's key  NOLINT(bugprone-reserved-identifier)
struct evp_pkey_st;     // OpenSSL's

namespace sluice::edge {

// A compact JWS (RFC 7515 section 7.1), borrowed. Whoever makes one has checked its form.
struct CompactJws {
  std::string_view text;           // all of it
  std::string_view signing_input;  // header and payload, as encoded
  std::string_view signature;      // decoded
};

// One key that tokens are checked with, and the algorithms that it may be used with: what a token
// says of its algorithm counts only within these. Thread: any (immutable).
class VerificationKey {
 public:
  // A JWK of type oct, RSA (2048 bits and more), EC (P-256, P-384, P-521) or OKP (Ed25519).
  // INVALID_ARGUMENT: another type, a weak or broken key, a use other than `sig`.
  static absl::StatusOr<VerificationKey> FromJwk(const boost::json::object& jwk);
  // A public key or a certificate in PEM, of the same types.
  static absl::StatusOr<VerificationKey> FromPem(std::string_view pem);
  // A shared secret of at least 32 octets.
  static absl::StatusOr<VerificationKey> FromSecret(std::string_view octets);

  VerificationKey(VerificationKey&&) noexcept;
  VerificationKey& operator=(VerificationKey&&) noexcept;
  ~VerificationKey();

  const std::string& id() const { return id_; }  // its `kid`; empty if it has none
  const AlgorithmSet& algorithms() const { return algorithms_; }
  bool Allows(SignatureAlgorithm algorithm) const {
    return algorithms_.test(static_cast<size_t>(algorithm));
  }
  // Allows no others than these any more.
  void Restrict(const AlgorithmSet& algorithms) { algorithms_ &= algorithms; }
  // True if `jws`, whose header names `algorithm`, was signed with this key. The caller has asked
  // Allows before.
  bool Verifies(const CompactJws& jws, SignatureAlgorithm algorithm) const;

 private:
  struct Deleter {
    void operator()(_cjose_jwk_int* key) const;
    void operator()(evp_pkey_st* key) const;
  };
  VerificationKey() = default;

  std::string id_;
  AlgorithmSet algorithms_;
  std::unique_ptr<_cjose_jwk_int, Deleter> jose_key_;  // all types but Ed25519
  std::unique_ptr<evp_pkey_st, Deleter> ed25519_key_;
};

}  // namespace sluice::edge
