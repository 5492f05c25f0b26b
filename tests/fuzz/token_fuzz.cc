// Nothing that was not signed with the secret is accepted, and what was signed is judged by its
// claims alone; a token is found in whatever a request carries.
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/escaping.h"
#include "core/channel.h"
#include "core/check.h"
#include "edge/auth/json_object.h"
#include "edge/auth/token_authenticator.h"
#include "edge/auth/token_signer.h"
#include "edge/auth/token_verifier.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

using namespace sluice;        // NOLINT(google-build-using-namespace)
using namespace sluice::edge;  // NOLINT(google-build-using-namespace)

const std::string kSecret(32, 's');
const WallTime kNow = WallTime(std::chrono::seconds(1'800'000'000));

TokenVerifier MakeVerifier() {
  std::vector<VerificationKey> keys;
  keys.push_back(*VerificationKey::FromSecret(kSecret));
  std::vector<TokenIssuer> issuers;
  issuers.push_back(
      {.name = "", .keys = std::make_shared<KeySource>(KeySet(std::move(keys))), .rules = {}});
  return TokenVerifier(std::move(issuers));
}

// What a token with these first two parts has to end with: the secret allows HS256 alone.
std::string SignatureOf(std::string_view input) {
  std::array<char, 32> digest{};
  HMAC(EVP_sha256(), kSecret.data(), static_cast<int>(kSecret.size()),
       reinterpret_cast<const unsigned char*>(input.data()), input.size(),
       reinterpret_cast<unsigned char*>(digest.data()), nullptr);
  return absl::WebSafeBase64Escape(absl::string_view(digest.data(), digest.size()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const TokenVerifier verifier = MakeVerifier();
  const std::string_view text = AsText(data, size);

  const auto as_token = verifier.Verify(text, kNow);
  if (std::holds_alternative<TokenClaims>(as_token)) {
    const size_t last = text.rfind('.');
    SLUICE_CHECK(SignatureOf(text.substr(0, last)) == text.substr(last + 1));
  }

  const std::string token = *TokenSigner::FromSecret(kSecret)->Sign({}, text);
  const auto as_payload = verifier.Verify(token, kNow);
  const auto object = ParseStrictObject(text);
  if (const auto* claims = std::get_if<TokenClaims>(&as_payload)) {
    SLUICE_CHECK(object.has_value());
    SLUICE_CHECK(ValidateChannelName("sub", claims->subject).ok());
    SLUICE_CHECK(claims->expires > kNow);
  } else if (object && token.size() <= TokenVerifier::kMaxTokenBytes) {
    SLUICE_CHECK(std::holds_alternative<AuthRefusal>(ReadClaims(*object, {}, kNow)) ||
                 (object->contains("iss") && !StringMember(*object, "iss")));
  }

  for (const Credentials& credentials :
       {Credentials{.authorization = text, .cookie = "", .query = "", .host = ""},
        Credentials{.authorization = "", .cookie = text, .query = "", .host = ""},
        Credentials{.authorization = "", .cookie = "", .query = text, .host = ""}}) {
    const auto found = FindToken(credentials);
    // A cookie without an origin is never taken.
    SLUICE_CHECK(credentials.cookie.empty() || !std::holds_alternative<std::string>(found));
  }
  return 0;
}
