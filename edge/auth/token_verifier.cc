#include "edge/auth/token_verifier.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <boost/json.hpp>

#include "absl/strings/str_cat.h"
#include "edge/auth/json_object.h"

namespace sluice::edge {
namespace {

namespace json = boost::json;
using Reason = AuthRefusalReason;

constexpr size_t kMaxKeyIdBytes = 256;

// Header members that ask for a key or a form of the token's own choosing (RFC 7515 section 4.1).
constexpr std::array<const char*, 5> kRefusedMembers = {"crit", "b64", "jku", "x5u", "jwk"};

// A token taken apart; nothing of it is believed yet.
struct Parts {
  CompactJws jws;
  std::string signature;
  json::object header;
  json::object payload;
};

std::optional<Parts> TakeApart(std::string_view token) {
  const size_t first = token.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const size_t second = token.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto decode_object = [](std::string_view text) -> std::optional<json::object> {
    const std::optional<std::string> octets = DecodeBase64Url(text);
    return octets ? ParseStrictObject(*octets) : std::nullopt;
  };
  std::optional<json::object> header = decode_object(token.substr(0, first));
  std::optional<json::object> payload = decode_object(token.substr(first + 1, second - first - 1));
  std::optional<std::string> signature = DecodeBase64Url(token.substr(second + 1));
  if (!header || !payload || !signature) return std::nullopt;
  return Parts{.jws = {.text = token, .signing_input = token.substr(0, second), .signature = {}},
               .signature = *std::move(signature),
               .header = *std::move(header),
               .payload = *std::move(payload)};
}

AuthRefusal Malformed(std::string message) { return {Reason::kMalformed, std::move(message)}; }

}  // namespace

const TokenIssuer* TokenVerifier::FindIssuer(std::string_view name) const {
  for (const TokenIssuer& issuer : issuers_) {
    if (issuer.name.empty() || issuer.name == name) return &issuer;
  }
  return nullptr;
}

std::variant<TokenClaims, AuthRefusal> TokenVerifier::Verify(std::string_view token,
                                                             WallTime now) const {
  if (token.size() > kMaxTokenBytes) return Malformed("the token is larger than 8 KiB");
  std::optional<Parts> parts = TakeApart(token);
  if (!parts) return Malformed("the token is no JWT in compact form");
  parts->jws.signature = parts->signature;
  for (const char* member : kRefusedMembers) {
    if (parts->header.contains(member)) {
      return Malformed(absl::StrCat("the token's header has `", member, "`"));
    }
  }
  const std::optional<std::string> algorithm_name = StringMember(parts->header, "alg");
  if (!algorithm_name) return Malformed("the token's header has no `alg`");
  const std::optional<SignatureAlgorithm> algorithm = ParseSignatureAlgorithm(*algorithm_name);
  if (!algorithm) return AuthRefusal{Reason::kAlgorithm, "the token's `alg` is not supported"};
  std::string key_id;
  if (parts->header.contains("kid")) {
    const std::optional<std::string> id = StringMember(parts->header, "kid");
    if (!id || id->size() > kMaxKeyIdBytes)
      return Malformed("the token's `kid` is no short string");
    key_id = *id;
  }
  if (parts->payload.contains("iss") && !StringMember(parts->payload, "iss")) {
    return Malformed("the token's `iss` is no string");
  }
  const TokenIssuer* issuer = FindIssuer(StringMember(parts->payload, "iss").value_or(""));
  if (issuer == nullptr)
    return AuthRefusal{Reason::kIssuer, "the token's issuer is not known here"};

  const std::shared_ptr<const KeySet> keys = issuer->keys->Current();
  if (!keys->MayHave(key_id)) {
    issuer->keys->WantRefresh();
    return AuthRefusal{Reason::kKey, "the issuer has no key of the token's `kid`"};
  }
  const auto candidates = keys->Candidates(key_id, *algorithm);
  if (candidates.empty()) {
    return AuthRefusal{Reason::kAlgorithm, "the issuer's keys do not allow the token's `alg`"};
  }
  const bool verified = std::any_of(
      candidates.begin(), candidates.end(),
      [&](const VerificationKey* key) { return key->Verifies(parts->jws, *algorithm); });
  if (!verified) return AuthRefusal{Reason::kSignature, "the token's signature is wrong"};
  return ReadClaims(parts->payload, issuer->rules, now);
}

}  // namespace sluice::edge
