#include "core/signature_algorithm.h"

#include <algorithm>
#include <array>

namespace sluice {
namespace {

constexpr std::array<std::string_view, kSignatureAlgorithms> kNames = {
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256",
    "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"};

}  // namespace

std::string_view NameOf(SignatureAlgorithm algorithm) {
  return kNames[static_cast<size_t>(algorithm)];
}

std::optional<SignatureAlgorithm> ParseSignatureAlgorithm(std::string_view name) {
  const auto* const found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<SignatureAlgorithm>(found - kNames.begin());
}

AlgorithmSet SetOf(std::initializer_list<SignatureAlgorithm> algorithms) {
  AlgorithmSet set;
  for (const SignatureAlgorithm algorithm : algorithms) set.set(static_cast<size_t>(algorithm));
  return set;
}

AlgorithmSet SymmetricAlgorithms() {
  using enum SignatureAlgorithm;
  return SetOf({kHs256, kHs384, kHs512});
}

}  // namespace sluice
