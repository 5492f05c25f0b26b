#include "edge/auth/token_signer.h"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>

#include <boost/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/status.h"

namespace sluice::edge {
namespace {

using enum SignatureAlgorithm;

const unsigned char* Octets(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string Encode(std::string_view octets) {
  return absl::WebSafeBase64Escape(absl::string_view(octets.data(), octets.size()));
}

const EVP_MD* DigestOf(SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case kHs256:
    case kRs256:
    case kPs256:
    case kEs256:
      return EVP_sha256();
    case kHs384:
    case kRs384:
    case kPs384:
    case kEs384:
      return EVP_sha384();
    case kHs512:
    case kRs512:
    case kPs512:
    case kEs512:
      return EVP_sha512();
    case kEdDsa:
      return nullptr;
  }
  return nullptr;
}

bool IsPss(SignatureAlgorithm algorithm) {
  return algorithm == kPs256 || algorithm == kPs384 || algorithm == kPs512;
}

bool IsEcdsa(SignatureAlgorithm algorithm) {
  return algorithm == kEs256 || algorithm == kEs384 || algorithm == kEs512;
}

// What a key may sign with; its first is the default.
std::vector<SignatureAlgorithm> AlgorithmsOf(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA") == 1) return {kRs256, kRs384, kRs512, kPs256, kPs384, kPs512};
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return {kEdDsa};
  if (EVP_PKEY_is_a(key, "EC") != 1) return {};
  switch (EVP_PKEY_get_bits(key)) {
    case 256:
      return {kEs256};
    case 384:
      return {kEs384};
    case 521:
      return {kEs512};
    default:
      return {};
  }
}

// The two numbers of an ECDSA signature behind one another, as JWS has them (RFC 7518 section 3.4).
std::string FromDer(std::string_view der, size_t coordinate_bytes) {
  const unsigned char* octets = Octets(der);
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> parsed(
      d2i_ECDSA_SIG(nullptr, &octets, static_cast<long>(der.size())), &ECDSA_SIG_free);
  std::string raw(2 * coordinate_bytes, '\0');
  if (parsed == nullptr) return "";
  auto* out = reinterpret_cast<unsigned char*>(raw.data());
  const int size = static_cast<int>(coordinate_bytes);
  BN_bn2binpad(ECDSA_SIG_get0_r(parsed.get()), out, size);
  BN_bn2binpad(ECDSA_SIG_get0_s(parsed.get()), out + coordinate_bytes, size);
  return raw;
}

// Empty if the library fails.
std::string SignWith(EVP_PKEY* key, SignatureAlgorithm algorithm, std::string_view input) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  EVP_PKEY_CTX* key_context = nullptr;  // owned by `context`
  if (EVP_DigestSignInit(context.get(), &key_context, DigestOf(algorithm), nullptr, key) != 1) {
    return "";
  }
  if (IsPss(algorithm) &&
      (EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING) != 1 ||
       EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, RSA_PSS_SALTLEN_DIGEST) != 1)) {
    return "";
  }
  size_t size = 0;
  if (EVP_DigestSign(context.get(), nullptr, &size, Octets(input), input.size()) != 1) return "";
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     Octets(input), input.size()) != 1) {
    return "";
  }
  signature.resize(size);
  if (!IsEcdsa(algorithm)) return signature;
  return FromDer(signature, static_cast<size_t>((EVP_PKEY_get_bits(key) + 7) / 8));
}

std::string Hmac(std::string_view secret, SignatureAlgorithm algorithm, std::string_view input) {
  std::array<char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  HMAC(DigestOf(algorithm), secret.data(), static_cast<int>(secret.size()), Octets(input),
       input.size(), reinterpret_cast<unsigned char*>(digest.data()), &size);
  return {digest.data(), size};
}

}  // namespace

absl::StatusOr<TokenSigner> TokenSigner::FromSecret(std::string_view octets,
                                                    SignatureAlgorithm algorithm) {
  if (!SymmetricAlgorithms().test(static_cast<size_t>(algorithm))) {
    return absl::InvalidArgumentError("a secret signs with HS256, HS384 or HS512");
  }
  TokenSigner signer;
  signer.algorithm_ = algorithm;
  signer.secret_ = std::string(octets);
  return signer;
}

absl::StatusOr<TokenSigner> TokenSigner::FromPem(std::string_view pem,
                                                 std::optional<SignatureAlgorithm> algorithm) {
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> input(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free_all);
  TokenSigner signer;
  signer.key_.reset(PEM_read_bio_PrivateKey(input.get(), nullptr, nullptr, nullptr),
                    &EVP_PKEY_free);
  if (signer.key_ == nullptr) return absl::InvalidArgumentError("no private key in PEM");
  const std::vector<SignatureAlgorithm> allowed = AlgorithmsOf(signer.key_.get());
  if (allowed.empty()) {
    return absl::InvalidArgumentError("keys are RSA, EC (P-256, P-384, P-521) or Ed25519");
  }
  signer.algorithm_ = algorithm.value_or(allowed.front());
  if (std::find(allowed.begin(), allowed.end(), signer.algorithm_) == allowed.end()) {
    return absl::InvalidArgumentError("the algorithm is not for a key of this type");
  }
  return signer;
}

absl::StatusOr<std::string> TokenSigner::Sign(boost::json::object header,
                                              std::string_view payload) const {
  const std::string_view name = NameOf(algorithm_);
  header["alg"] = boost::json::string_view(name.data(), name.size());
  header.emplace("typ", "JWT");
  const std::string input =
      absl::StrCat(Encode(boost::json::serialize(header)), ".", Encode(payload));
  const std::string signature =
      key_ ? SignWith(key_.get(), algorithm_, input) : Hmac(secret_, algorithm_, input);
  if (signature.empty()) return absl::InternalError("the token could not be signed");
  return absl::StrCat(input, ".", Encode(signature));
}

}  // namespace sluice::edge
