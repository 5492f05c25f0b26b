#include "edge/auth/token_verifier.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "edge/auth/token_signer.h"
#include "tests/unit/edge/signing_key.h"

namespace sluice::edge {
namespace {

namespace json = boost::json;
using std::chrono_literals::operator""s;
using enum SignatureAlgorithm;

const WallTime kNow = WallTime(std::chrono::seconds(1'800'000'000));
constexpr int64_t kNowSeconds = 1'800'000'000;
const std::string kSecret(64, 's');

std::string Encode(std::string_view octets) {
  return absl::WebSafeBase64Escape(absl::string_view(octets.data(), octets.size()));
}

json::object Claims() { return {{"sub", "alice"}, {"exp", kNowSeconds + 60}}; }

json::object With(std::string_view name, json::value value) {
  json::object claims = Claims();
  claims[{name.data(), name.size()}] = std::move(value);
  return claims;
}

json::object Without(std::string_view name) {
  json::object claims = Claims();
  claims.erase({name.data(), name.size()});
  return claims;
}

std::string Sign(const json::object& claims, json::object header = {},
                 SignatureAlgorithm algorithm = kHs256) {
  return *TokenSigner::FromSecret(kSecret, algorithm)
              ->Sign(std::move(header), json::serialize(claims));
}

// Signs what is no claims at all.
std::string SignText(std::string_view payload) {
  return *TokenSigner::FromSecret(kSecret)->Sign({}, payload);
}

// A token with this very header, signed with the secret by HMAC-SHA-256.
std::string SignUnder(std::string_view header) {
  const std::string input = absl::StrCat(Encode(header), ".", Encode(json::serialize(Claims())));
  const std::string token = *TokenSigner::FromSecret(kSecret)->Sign({}, "x");
  // HMAC again, over the other input: the signer signs what it has built itself.
  return absl::StrCat(input, ".", token.substr(token.rfind('.') + 1));
}

TokenIssuer IssuerOf(VerificationKey key, ClaimRules rules = {}, std::string name = "") {
  std::vector<VerificationKey> keys;
  keys.push_back(std::move(key));
  return {.name = std::move(name),
          .keys = std::make_shared<KeySource>(KeySet(std::move(keys))),
          .rules = std::move(rules)};
}

TokenVerifier SecretVerifier(ClaimRules rules = {}) {
  return TokenVerifier({IssuerOf(*VerificationKey::FromSecret(kSecret), std::move(rules))});
}

// The reason, or nullopt if the token is accepted.
std::optional<AuthRefusalReason> Refusal(const TokenVerifier& verifier, std::string_view token,
                                         WallTime now = kNow) {
  const auto verified = verifier.Verify(token, now);
  const auto* refusal = std::get_if<AuthRefusal>(&verified);
  if (refusal == nullptr) return std::nullopt;
  if (token.size() >= 40) {  // else it may be a part of any sentence
    EXPECT_EQ(refusal->message.find(token.substr(0, 40)), std::string::npos) << refusal->message;
  }
  return refusal->reason;
}

std::optional<AuthRefusalReason> RefusalOf(const json::object& claims, ClaimRules rules = {}) {
  return Refusal(SecretVerifier(std::move(rules)), Sign(claims));
}

// ---- Algorithms and keys.

TEST(TokenVerifierTest, AcceptsEveryAlgorithmAndOnlyWithItsOwnKey) {
  const SigningKey rsa = SigningKey::Rsa();
  const SigningKey p256 = SigningKey::Ec("P-256");
  const SigningKey p384 = SigningKey::Ec("P-384");
  const SigningKey p521 = SigningKey::Ec("P-521");
  const SigningKey ed25519 = SigningKey::Ed25519();
  const std::pair<SignatureAlgorithm, const SigningKey*> rows[] = {
      {kRs256, &rsa}, {kRs384, &rsa},  {kRs512, &rsa},  {kPs256, &rsa},  {kPs384, &rsa},
      {kPs512, &rsa}, {kEs256, &p256}, {kEs384, &p384}, {kEs512, &p521}, {kEdDsa, &ed25519}};
  const SigningKey* const keys[] = {&rsa, &p256, &p384, &p521, &ed25519};
  for (const auto& [algorithm, key] : rows) {
    const auto signer = TokenSigner::FromPem(key->private_pem, algorithm);
    ASSERT_TRUE(signer.ok()) << signer.status();
    const std::string token = *signer->Sign({}, json::serialize(Claims()));
    for (const SigningKey* other : keys) {
      const TokenVerifier verifier({IssuerOf(*VerificationKey::FromPem(other->public_pem))});
      EXPECT_EQ(Refusal(verifier, token).has_value(), other != key) << NameOf(algorithm);
    }
    // One octet of the payload changed.
    std::string forged = token;
    const size_t payload = token.find('.') + 5;
    forged[payload] = forged[payload] == 'A' ? 'B' : 'A';
    EXPECT_TRUE(
        Refusal(TokenVerifier({IssuerOf(*VerificationKey::FromPem(key->public_pem))}), forged)
            .has_value());
  }
}

TEST(TokenVerifierTest, ASecretOfTheLengthOfTheDigestAllowsTheAlgorithm) {
  for (const SignatureAlgorithm algorithm : {kHs256, kHs384, kHs512}) {
    EXPECT_EQ(Refusal(SecretVerifier(), Sign(Claims(), {}, algorithm)), std::nullopt);
  }
  const TokenVerifier short_secret({IssuerOf(*VerificationKey::FromSecret(kSecret.substr(0, 32)))});
  EXPECT_EQ(Refusal(short_secret, Sign(Claims(), {}, kHs384)), AuthRefusalReason::kAlgorithm);
  EXPECT_EQ(VerificationKey::FromSecret(kSecret.substr(0, 31)).status().message(),
            "a secret has at least 32 octets");
}

TEST(TokenVerifierTest, ThePublicKeyIsNoSecret) {
  // The classic confusion: HMAC with the bytes of the RSA public key, in whatever form.
  const SigningKey rsa = SigningKey::Rsa();
  const TokenVerifier verifier({IssuerOf(*VerificationKey::FromPem(rsa.public_pem))});
  for (const std::string& secret :
       {rsa.public_pem, rsa.public_pem.substr(0, rsa.public_pem.size() - 1)}) {
    const std::string token = *TokenSigner::FromSecret(secret)->Sign({}, json::serialize(Claims()));
    EXPECT_EQ(Refusal(verifier, token), AuthRefusalReason::kAlgorithm);
  }
}

TEST(TokenVerifierTest, AnAlgorithmThatTheKeySaysItIsNotForIsRefused) {
  json::object jwk = {{"kty", "oct"}, {"k", Encode(kSecret)}, {"alg", "HS512"}};
  const TokenVerifier verifier({IssuerOf(*VerificationKey::FromJwk(jwk))});
  EXPECT_EQ(Refusal(verifier, Sign(Claims(), {}, kHs512)), std::nullopt);
  EXPECT_EQ(Refusal(verifier, Sign(Claims())), AuthRefusalReason::kAlgorithm);
}

TEST(TokenVerifierTest, NoneIsNoAlgorithmInAnySpelling) {
  for (const std::string_view name : {"none", "None", "NONE", "nOnE", "", "HS257", "hs256"}) {
    const std::string header =
        absl::StrCat(R"({"alg":")", absl::string_view(name.data(), name.size()), R"("})");
    const std::string input = absl::StrCat(Encode(header), ".", Encode(json::serialize(Claims())));
    EXPECT_EQ(Refusal(SecretVerifier(), input + "."), AuthRefusalReason::kAlgorithm) << name;
    EXPECT_EQ(Refusal(SecretVerifier(), SignUnder(header)), AuthRefusalReason::kAlgorithm) << name;
  }
}

TEST(TokenVerifierTest, SignaturesInOtherFormsAreRefused) {
  const SigningKey key = SigningKey::Ec("P-256");
  const TokenVerifier verifier({IssuerOf(*VerificationKey::FromPem(key.public_pem))});
  const std::string token =
      *TokenSigner::FromPem(key.private_pem)->Sign({}, json::serialize(Claims()));
  const std::string input = token.substr(0, token.rfind('.'));
  const std::string zeros(64, '\0');
  const std::string der = "\x30\x06\x02\x01\x01\x02\x01\x01";
  for (const std::string& signature :
       {zeros, der, std::string(), zeros + zeros, std::string(1, 'x')}) {
    EXPECT_EQ(Refusal(verifier, input + '.' + Encode(signature)), AuthRefusalReason::kSignature);
  }
}

TEST(TokenVerifierTest, AKeyIdChoosesTheKey) {
  const std::string other(64, 'o');
  const std::string jwks =
      json::serialize(json::object{{"keys",
                                    {{{"kty", "oct"}, {"k", Encode(kSecret)}, {"kid", "a"}},
                                     {{"kty", "oct"}, {"k", Encode(other)}, {"kid", "b"}}}}});
  const TokenVerifier verifier(
      {{.name = "", .keys = std::make_shared<KeySource>(*KeySet::FromJwks(jwks)), .rules = {}}});
  EXPECT_EQ(Refusal(verifier, Sign(Claims(), {{"kid", "a"}})), std::nullopt);
  EXPECT_EQ(Refusal(verifier, Sign(Claims())), std::nullopt);  // any key that fits
  EXPECT_EQ(Refusal(verifier, Sign(Claims(), {{"kid", "b"}})), AuthRefusalReason::kSignature);
  for (const char* kid : {"c", "../../dev/null", "a' OR 1=1", "A"}) {
    EXPECT_EQ(Refusal(verifier, Sign(Claims(), {{"kid", kid}})), AuthRefusalReason::kKey) << kid;
  }
  EXPECT_EQ(Refusal(verifier, Sign(Claims(), {{"kid", json::string(1, '\0')}})),
            AuthRefusalReason::kKey);
  EXPECT_EQ(Refusal(verifier, Sign(Claims(), {{"kid", json::string(300, 'k')}})),
            AuthRefusalReason::kMalformed);
  EXPECT_EQ(Refusal(verifier, Sign(Claims(), {{"kid", 1}})), AuthRefusalReason::kMalformed);
}

TEST(TokenVerifierTest, EachIssuerHasItsOwnKeys) {
  const std::string other(64, 'o');
  std::vector<TokenIssuer> issuers;
  issuers.push_back(IssuerOf(*VerificationKey::FromSecret(kSecret), {}, "https://a.example"));
  issuers.push_back(IssuerOf(*VerificationKey::FromSecret(other), {}, "https://b.example"));
  const TokenVerifier verifier(std::move(issuers));
  EXPECT_EQ(Refusal(verifier, Sign(With("iss", "https://a.example"))), std::nullopt);
  // Signed with a's key in b's name.
  EXPECT_EQ(Refusal(verifier, Sign(With("iss", "https://b.example"))),
            AuthRefusalReason::kSignature);
  for (const char* name : {"https://a.example/", "https://A.example", "", "https://c.example"}) {
    EXPECT_EQ(Refusal(verifier, Sign(With("iss", name))), AuthRefusalReason::kIssuer) << name;
  }
  EXPECT_EQ(Refusal(verifier, Sign(Claims())), AuthRefusalReason::kIssuer);
  EXPECT_EQ(Refusal(verifier, Sign(With("iss", 7))), AuthRefusalReason::kMalformed);
}

TEST(TokenVerifierTest, NewKeysHoldForTheNextToken) {
  const auto keys = std::make_shared<KeySource>(KeySet());
  const TokenVerifier verifier({{.name = "", .keys = keys, .rules = {}}});
  EXPECT_EQ(Refusal(verifier, Sign(Claims())), AuthRefusalReason::kKey);
  std::vector<VerificationKey> added;
  added.push_back(*VerificationKey::FromSecret(kSecret));
  keys->Replace(KeySet(std::move(added)));
  EXPECT_EQ(Refusal(verifier, Sign(Claims())), std::nullopt);
}

// ---- Form.

TEST(TokenVerifierTest, RefusesWhatIsNoCompactJws) {
  const std::string token = Sign(Claims());
  const size_t first = token.find('.');
  const size_t second = token.rfind('.');
  const std::string header = token.substr(0, first);
  const std::string payload = token.substr(first + 1, second - first - 1);
  const std::string signature = token.substr(second + 1);
  const std::string rows[] = {"",
                              ".",
                              "..",
                              "...",
                              "a",
                              header,
                              header + "." + payload,
                              token + ".x",
                              "." + payload + "." + signature,
                              header + ".." + signature,
                              header + "=." + payload + "." + signature,  // padded
                              header + "." + payload + "." + signature + "=",
                              " " + token,
                              token + "\n",
                              header + "." + payload + "." + signature.substr(1) + "+",
                              Encode("[]") + "." + payload + "." + signature,
                              Encode("{") + "." + payload + "." + signature,
                              Encode(R"({"alg":"HS256"}x)") + "." + payload + "." + signature,
                              header + "." + Encode("[1]") + "." + signature,
                              Encode("\xFF\xFE") + "." + payload + "." + signature};
  for (const std::string& row : rows) {
    EXPECT_EQ(Refusal(SecretVerifier(), row), AuthRefusalReason::kMalformed) << row;
  }
  // The last character's unused bits: the same octets, another text.
  std::string other = token;
  const size_t index =
      std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
          .find(other.back());
  other.back() = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[index ^ 1];
  EXPECT_EQ(Refusal(SecretVerifier(), other), AuthRefusalReason::kMalformed);
}

TEST(TokenVerifierTest, RefusesWhatIsTooLargeTooDeepOrSaidTwice) {
  EXPECT_EQ(Refusal(SecretVerifier(), std::string(1 << 20, 'a')), AuthRefusalReason::kMalformed);
  EXPECT_EQ(Refusal(SecretVerifier(), Sign(With("x", json::string(9'000, 'x')))),
            AuthRefusalReason::kMalformed);
  const std::string deep = std::string(1'000, '[') + std::string(1'000, ']');
  EXPECT_EQ(Refusal(SecretVerifier(), SignText(R"({"sub":"a","x":)" + deep + "}")),
            AuthRefusalReason::kMalformed);
  EXPECT_EQ(Refusal(SecretVerifier(), SignText(R"({"sub":"alice","exp":1800000060,"sub":"bob"})")),
            AuthRefusalReason::kMalformed);
  EXPECT_EQ(Refusal(SecretVerifier(), SignUnder(R"({"alg":"none","alg":"HS256"})")),
            AuthRefusalReason::kMalformed);
}

TEST(TokenVerifierTest, AHeaderThatWantsMoreIsRefused) {
  const json::object rows[] = {{{"crit", {"exp"}}},
                               {{"b64", false}},
                               {{"jku", "https://evil.example/keys"}},
                               {{"x5u", "https://evil.example/cert"}},
                               {{"jwk", {{"kty", "oct"}, {"k", Encode(kSecret)}}}}};
  for (const json::object& header : rows) {
    EXPECT_EQ(Refusal(SecretVerifier(), Sign(Claims(), header)), AuthRefusalReason::kMalformed)
        << header;
  }
  EXPECT_EQ(Refusal(SecretVerifier(), Sign(Claims(), {{"x5t", "abc"}, {"typ", "at+jwt"}})),
            std::nullopt);
}

// ---- Claims.

TEST(TokenVerifierTest, ReadsWhatTheTokenGrants) {
  json::object claims = Claims();
  claims["jti"] = "t1";
  claims["topics"] = {"dashboards.*", "news"};
  claims["publish"] = {"chat.*"};
  const auto verified = SecretVerifier().Verify(Sign(claims), kNow);
  const auto* granted = std::get_if<TokenClaims>(&verified);
  ASSERT_NE(granted, nullptr);
  EXPECT_EQ(granted->subject, "alice");
  EXPECT_EQ(granted->id, "t1");
  EXPECT_EQ(granted->expires, kNow + 60s);
  EXPECT_TRUE(AnyMatches(granted->topics, "dashboards.sales"));
  EXPECT_TRUE(AnyMatches(granted->topics, "news"));
  EXPECT_FALSE(AnyMatches(granted->topics, "chat.1"));
  EXPECT_TRUE(AnyMatches(granted->publish, "chat.1"));
}

TEST(TokenVerifierTest, WithoutTopicsNoneIsGranted) {
  const auto verified = SecretVerifier().Verify(Sign(Claims()), kNow);
  EXPECT_TRUE(std::get<TokenClaims>(verified).topics.empty());
}

TEST(TokenVerifierTest, TheExpiryIsNeededUnlessTheRulesSayOtherwise) {
  EXPECT_EQ(RefusalOf(Without("exp")), AuthRefusalReason::kClaims);
  EXPECT_EQ(RefusalOf(Without("exp"), {.audience = "", .require_expiry = false}), std::nullopt);
}

TEST(TokenVerifierTest, JudgesTheExpiry) {
  EXPECT_EQ(RefusalOf(With("exp", kNowSeconds + 1)), std::nullopt);
  EXPECT_EQ(RefusalOf(With("exp", kNowSeconds)), AuthRefusalReason::kExpired);
  EXPECT_EQ(RefusalOf(With("exp", 0)), AuthRefusalReason::kExpired);
  EXPECT_EQ(RefusalOf(With("exp", kNowSeconds + 0.5)), std::nullopt);
  for (const json::value& value :
       {json::value("1800000060"), json::value(1e308), json::value(-1), json::value(nullptr),
        json::value(json::array{1}), json::value(true)}) {
    EXPECT_EQ(RefusalOf(With("exp", value)), AuthRefusalReason::kClaims) << value;
  }
}

TEST(TokenVerifierTest, TheLeewayIsForClocksThatDiffer) {
  const ClaimRules rules{.audience = "", .require_expiry = true, .leeway = 60s};
  EXPECT_EQ(RefusalOf(With("exp", kNowSeconds - 59), rules), std::nullopt);
  EXPECT_EQ(RefusalOf(With("exp", kNowSeconds - 60), rules), AuthRefusalReason::kExpired);
  EXPECT_EQ(RefusalOf(With("nbf", kNowSeconds + 60), rules), std::nullopt);
  EXPECT_EQ(RefusalOf(With("nbf", kNowSeconds + 61), rules), AuthRefusalReason::kNotYet);
  EXPECT_EQ(RefusalOf(With("iat", kNowSeconds + 61), rules), AuthRefusalReason::kNotYet);
  const auto late = SecretVerifier(rules).Verify(Sign(With("exp", kNowSeconds - 10)), kNow);
  EXPECT_EQ(std::get<TokenClaims>(late).expires, kNow + 50s);
}

TEST(TokenVerifierTest, JudgesTheAudience) {
  const ClaimRules rules{.audience = "sluice"};
  EXPECT_EQ(RefusalOf(With("aud", "sluice"), rules), std::nullopt);
  EXPECT_EQ(RefusalOf(With("aud", {"other", "sluice"}), rules), std::nullopt);
  EXPECT_EQ(RefusalOf(Claims(), rules), AuthRefusalReason::kAudience);
  for (const json::value& value :
       {json::value("sluice2"), json::value("sluic"), json::value("Sluice"), json::value(""),
        json::value(json::array{}), json::value(json::array{1}), json::value(7)}) {
    EXPECT_EQ(RefusalOf(With("aud", value), rules), AuthRefusalReason::kAudience) << value;
  }
  EXPECT_EQ(RefusalOf(With("aud", "sluice")), AuthRefusalReason::kAudience);  // not ours to judge
}

TEST(TokenVerifierTest, TheSubjectIsAUserId) {
  EXPECT_EQ(RefusalOf(Without("sub")), AuthRefusalReason::kClaims);
  for (const json::value& value : {json::value(""), json::value(json::string("a\0b", 3)),
                                   json::value(json::string(4'000, 'a')), json::value(7),
                                   json::value(nullptr), json::value("a\nb")}) {
    EXPECT_EQ(RefusalOf(With("sub", value)), AuthRefusalReason::kClaims) << value;
  }
  // Names like any other.
  for (const char* name : {"*", "a.b", ">", "$SYS", "a b", "caf\xC3\xA9"}) {
    const auto verified = SecretVerifier().Verify(Sign(With("sub", name)), kNow);
    ASSERT_TRUE(std::holds_alternative<TokenClaims>(verified)) << name;
    EXPECT_EQ(std::get<TokenClaims>(verified).subject, name);
  }
}

TEST(TokenVerifierTest, PatternsAreAListOfPatterns) {
  for (const char* claim : {"topics", "publish"}) {
    EXPECT_EQ(RefusalOf(With(claim, {"*"})), std::nullopt);
    EXPECT_EQ(RefusalOf(With(claim, json::array{})), std::nullopt);
    for (const json::value& value : {json::value("*"), json::value({{"a", 1}}),
                                     json::value(json::array{1}), json::value(json::array{""}),
                                     json::value(json::array{"a", "b*c"}), json::value(nullptr)}) {
      EXPECT_EQ(RefusalOf(With(claim, value)), AuthRefusalReason::kClaims) << value;
    }
  }
}

}  // namespace
}  // namespace sluice::edge
