#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice {

// How a token is signed. Source: RFC 7518 section 3.1, RFC 8037. `none` is not among them.
enum class SignatureAlgorithm : uint8_t {
  kHs256,
  kHs384,
  kHs512,
  kRs256,
  kRs384,
  kRs512,
  kPs256,
  kPs384,
  kPs512,
  kEs256,
  kEs384,
  kEs512,
  kEdDsa,  // Ed25519 alone
};
inline constexpr size_t kSignatureAlgorithms = 13;

// A set of them, by enumerator.
using AlgorithmSet = std::bitset<kSignatureAlgorithms>;

// The name in a token's `alg`, in exactly this spelling. Thread: any.
std::string_view NameOf(SignatureAlgorithm algorithm);
std::optional<SignatureAlgorithm> ParseSignatureAlgorithm(std::string_view name);

AlgorithmSet SetOf(std::initializer_list<SignatureAlgorithm> algorithms);
// HS256 and so on, for which the key is a secret that the issuer shares.
AlgorithmSet SymmetricAlgorithms();

}  // namespace sluice
