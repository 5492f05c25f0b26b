#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "edge/auth/verification_key.h"

namespace sluice::edge {

// The keys of one issuer. Thread: any (immutable).
class KeySet {
 public:
  static constexpr size_t kMaxKeys = 64;
  static constexpr size_t kMaxJwksBytes = 256u << 10;

  KeySet() = default;
  explicit KeySet(std::vector<VerificationKey> keys) : keys_(std::move(keys)) {}

  // A JWK Set. Keys that are of no use here are left out, as RFC 7517 section 5 asks.
  // INVALID_ARGUMENT: no set, none of use in it, two with the same id, or too large.
  static absl::StatusOr<KeySet> FromJwks(std::string_view text);

  // False if no token with this `kid` (empty: none) was signed with a key of these.
  bool MayHave(std::string_view kid) const;
  // Those that a token with this `kid` and algorithm may have been signed with: of that id, or
  // without one.
  std::vector<const VerificationKey*> Candidates(std::string_view kid,
                                                 SignatureAlgorithm algorithm) const;
  void Restrict(const AlgorithmSet& algorithms);
  size_t size() const { return keys_.size(); }

 private:
  std::vector<VerificationKey> keys_;
};

}  // namespace sluice::edge
