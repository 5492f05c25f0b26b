#include "edge/auth/verification_key.h"

#include <cjose/cjose.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <vector>

#include <boost/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "edge/auth/json_object.h"

namespace sluice::edge {
namespace {

namespace json = boost::json;
using enum SignatureAlgorithm;

constexpr size_t kMinSecretBytes = 32;  // RFC 7518 section 3.2, for HS256
constexpr size_t kMinRsaBytes = 256;    // 2048 bits
constexpr size_t kEd25519Bytes = 32;

struct Curve {
  std::string_view name;     // in a JWK
  std::string_view openssl;  // in OpenSSL
  SignatureAlgorithm algorithm;
};
constexpr std::array<Curve, 3> kCurves = {{{"P-256", "prime256v1", kEs256},
                                           {"P-384", "secp384r1", kEs384},
                                           {"P-521", "secp521r1", kEs512}}};

std::string Encode(std::string_view octets) {
  return absl::WebSafeBase64Escape(absl::string_view(octets.data(), octets.size()));
}

// Each as long as its digest, at least.
AlgorithmSet AlgorithmsOfSecret(size_t bytes) {
  AlgorithmSet set;
  if (bytes >= 32) set |= SetOf({kHs256});
  if (bytes >= 48) set |= SetOf({kHs384});
  if (bytes >= 64) set |= SetOf({kHs512});
  return set;
}

absl::StatusOr<AlgorithmSet> AlgorithmsOf(const json::object& jwk) {
  const std::string type = StringMember(jwk, "kty").value_or("");
  if (type == "oct") {
    const std::optional<std::string> octets = DecodeBase64Url(StringMember(jwk, "k").value_or(""));
    if (!octets) return absl::InvalidArgumentError("`k` of a secret is not base64url");
    if (octets->size() < kMinSecretBytes) {
      return absl::InvalidArgumentError("a secret has at least 32 octets");
    }
    return AlgorithmsOfSecret(octets->size());
  }
  if (type == "RSA") {
    const std::optional<std::string> modulus = DecodeBase64Url(StringMember(jwk, "n").value_or(""));
    if (!modulus || modulus->size() < kMinRsaBytes) {
      return absl::InvalidArgumentError("an RSA key has at least 2048 bits");
    }
    return SetOf({kRs256, kRs384, kRs512, kPs256, kPs384, kPs512});
  }
  const std::string curve = StringMember(jwk, "crv").value_or("");
  if (type == "OKP" && curve == "Ed25519") return SetOf({kEdDsa});
  if (type == "EC") {
    for (const Curve& known : kCurves) {
      if (known.name == curve) return SetOf({known.algorithm});
    }
  }
  return absl::InvalidArgumentError("keys are oct, RSA, EC (P-256, P-384, P-521) or Ed25519");
}

// A JWK may say what it is for: only what serves here is taken.
absl::Status CheckUse(const json::object& jwk) {
  if (jwk.contains("use") && StringMember(jwk, "use") != "sig") {
    return absl::InvalidArgumentError("its use is not `sig`");
  }
  const json::value* operations = jwk.if_contains("key_ops");
  if (operations == nullptr) return absl::OkStatus();
  const json::array* list = operations->if_array();
  if (list == nullptr || std::find(list->begin(), list->end(), "verify") == list->end()) {
    return absl::InvalidArgumentError("its key_ops have no `verify`");
  }
  return absl::OkStatus();
}

std::string BigNumber(const EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &number) != 1) return "";
  std::string octets(static_cast<size_t>(BN_num_bytes(number)), '\0');
  BN_bn2bin(number, reinterpret_cast<unsigned char*>(octets.data()));
  BN_free(number);
  return octets;
}

// A coordinate is as long as its curve's, with zeros in front (RFC 7518 section 6.2.1.2).
std::string Coordinate(const EVP_PKEY* key, const char* name) {
  std::string octets = BigNumber(key, name);
  const size_t size = static_cast<size_t>((EVP_PKEY_get_bits(key) + 7) / 8);
  if (octets.size() < size) octets.insert(0, size - octets.size(), '\0');
  return octets;
}

absl::StatusOr<json::object> ToJwk(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA") == 1) {
    return json::object{{"kty", "RSA"},
                        {"n", Encode(BigNumber(key, OSSL_PKEY_PARAM_RSA_N))},
                        {"e", Encode(BigNumber(key, OSSL_PKEY_PARAM_RSA_E))}};
  }
  if (EVP_PKEY_is_a(key, "ED25519") == 1) {
    std::string octets(kEd25519Bytes, '\0');
    size_t size = octets.size();
    EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(octets.data()), &size);
    return json::object{{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", Encode(octets)}};
  }
  std::array<char, 64> group{};
  size_t length = 0;
  if (EVP_PKEY_is_a(key, "EC") == 1 &&
      EVP_PKEY_get_group_name(key, group.data(), group.size(), &length) == 1) {
    for (const Curve& known : kCurves) {
      if (known.openssl != std::string_view(group.data(), length)) continue;
      return json::object{{"kty", "EC"},
                          {"crv", json::string_view(known.name.data(), known.name.size())},
                          {"x", Encode(Coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X))},
                          {"y", Encode(Coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y))}};
    }
  }
  return absl::InvalidArgumentError("keys are RSA, EC (P-256, P-384, P-521) or Ed25519");
}

bool VerifiesEd25519(EVP_PKEY* key, const CompactJws& jws) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  const auto octets = [](std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
  };
  return context != nullptr &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), octets(jws.signature), jws.signature.size(),
                          octets(jws.signing_input), jws.signing_input.size()) == 1;
}

}  // namespace

void VerificationKey::Deleter::operator()(_cjose_jwk_int* key) const { cjose_jwk_release(key); }
void VerificationKey::Deleter::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

VerificationKey::VerificationKey(VerificationKey&&) noexcept = default;
VerificationKey& VerificationKey::operator=(VerificationKey&&) noexcept = default;
VerificationKey::~VerificationKey() = default;

absl::StatusOr<VerificationKey> VerificationKey::FromJwk(const json::object& jwk) {
  SLUICE_RETURN_IF_ERROR(CheckUse(jwk));
  VerificationKey key;
  SLUICE_ASSIGN_OR_RETURN(key.algorithms_, AlgorithmsOf(jwk));
  if (jwk.contains("alg")) {
    const std::optional<SignatureAlgorithm> algorithm =
        ParseSignatureAlgorithm(StringMember(jwk, "alg").value_or(""));
    if (algorithm) key.algorithms_ &= SetOf({*algorithm});
    if (!algorithm || key.algorithms_.none()) {
      return absl::InvalidArgumentError("its alg is none that a key of this type has");
    }
  }
  if (jwk.contains("kid")) {
    const std::optional<std::string> id = StringMember(jwk, "kid");
    if (!id) return absl::InvalidArgumentError("its kid is no string");
    key.id_ = *id;
  }
  if (key.Allows(kEdDsa)) {
    const std::optional<std::string> octets = DecodeBase64Url(StringMember(jwk, "x").value_or(""));
    if (octets && octets->size() == kEd25519Bytes) {
      key.ed25519_key_.reset(EVP_PKEY_new_raw_public_key(
          EVP_PKEY_ED25519, nullptr, reinterpret_cast<const unsigned char*>(octets->data()),
          octets->size()));
    }
  } else {
    const std::string text = json::serialize(jwk);
    cjose_err error{};
    key.jose_key_.reset(cjose_jwk_import(text.data(), text.size(), &error));
  }
  if (!key.jose_key_ && !key.ed25519_key_)
    return absl::InvalidArgumentError("its numbers are no key");
  return key;
}

absl::StatusOr<VerificationKey> VerificationKey::FromPem(std::string_view pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> input(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free_all);
  std::unique_ptr<evp_pkey_st, Deleter> parsed(
      PEM_read_bio_PUBKEY(input.get(), nullptr, nullptr, nullptr));
  if (!parsed) {
    BIO_reset(input.get());
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(
        PEM_read_bio_X509(input.get(), nullptr, nullptr, nullptr), &X509_free);
    if (certificate) parsed.reset(X509_get_pubkey(certificate.get()));
  }
  if (!parsed) return absl::InvalidArgumentError("no public key or certificate in PEM");
  SLUICE_ASSIGN_OR_RETURN(const json::object jwk, ToJwk(parsed.get()));
  return FromJwk(jwk);
}

absl::StatusOr<VerificationKey> VerificationKey::FromSecret(std::string_view octets) {
  return FromJwk({{"kty", "oct"}, {"k", Encode(octets)}});
}

bool VerificationKey::Verifies(const CompactJws& jws, SignatureAlgorithm algorithm) const {
  if (algorithm == kEdDsa) return VerifiesEd25519(ed25519_key_.get(), jws);
  cjose_err error{};
  cjose_jws_t* const parsed = cjose_jws_import(jws.text.data(), jws.text.size(), &error);
  if (parsed == nullptr) return false;
  const bool verified = cjose_jws_verify(parsed, jose_key_.get(), &error);
  cjose_jws_release(parsed);
  return verified;
}

}  // namespace sluice::edge
