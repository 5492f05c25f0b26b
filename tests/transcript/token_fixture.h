#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/json.hpp>

#include "edge/auth/token_authenticator.h"
#include "edge/auth/token_signer.h"
#include "tests/transcript/edge_fixture.h"

namespace sluice {

// An edge whose callers need a token of one shared secret.
class TokenFixture : public EdgeFixture {
 protected:
  static constexpr std::chrono::seconds kMinute{60};

  TokenFixture() { make_authenticator_ = TokenAuthenticator(); }

  // One that knows the secret.
  std::function<std::unique_ptr<edge::Authenticator>()> TokenAuthenticator() {
    return [this] {
      std::vector<edge::VerificationKey> keys;
      keys.push_back(*edge::VerificationKey::FromSecret(std::string(32, 's')));
      std::vector<edge::TokenIssuer> issuers;
      issuers.push_back({.name = "",
                         .keys = std::make_shared<edge::KeySource>(edge::KeySet(std::move(keys))),
                         .rules = {}});
      return std::make_unique<edge::TokenAuthenticator>(
          std::make_shared<const edge::TokenVerifier>(std::move(issuers)), &clock_);
    };
  }
  // With these claims in place of the usual ones: alice's `t1`, who may follow `dashboards.*`.
  std::string TokenWith(boost::json::object claims, std::chrono::seconds lifetime = kMinute) const {
    const auto expires =
        std::chrono::floor<std::chrono::seconds>((clock_.Wall() + lifetime).time_since_epoch());
    boost::json::object all{{"sub", "alice"},
                            {"jti", "t1"},
                            {"iat", expires.count() - lifetime.count()},
                            {"exp", expires.count()},
                            {"topics", {"dashboards.*"}}};
    for (const auto& [name, value] : claims) all[name] = value;
    return *edge::TokenSigner::FromSecret(std::string(32, 's'))
                ->Sign({}, boost::json::serialize(all));
  }
  std::string Token(std::chrono::seconds lifetime = kMinute) const {
    return TokenWith({}, lifetime);
  }
  std::string Bearer(std::chrono::seconds lifetime = kMinute) const {
    return BearerOf(Token(lifetime));
  }
  static std::string BearerOf(const std::string& token) {
    return "Authorization: Bearer " + token + "\r\n";
  }
};

}  // namespace sluice
