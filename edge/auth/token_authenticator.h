#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/clock.h"
#include "edge/auth/authenticator.h"
#include "edge/auth/token_verifier.h"

namespace sluice::edge {

// The name of the cookie that may hold a token.
inline constexpr std::string_view kTokenCookie = "sluice_token";

// Takes the user from a JSON Web Token: of `Authorization: Bearer`, or `access_token` in the query,
// or the cookie. The first that is there counts, also if another would be accepted. Browsers send
// cookies along with the requests of any page, so the cookie counts only if the page is known to
// be ours or allowed. Thread: any.
class TokenAuthenticator final : public Authenticator {
 public:
  // `clock` outlives it.
  TokenAuthenticator(std::shared_ptr<const TokenVerifier> verifier, const Clock* clock)
      : verifier_(std::move(verifier)), clock_(*clock) {}
  Authentication Authenticate(const Credentials& credentials) const override;
  bool takes_tokens() const override { return true; }

 private:
  // Shared with whoever renews tokens of running sessions.
  const std::shared_ptr<const TokenVerifier> verifier_;
  const Clock& clock_;
};

// The token in `credentials`, or why it cannot be taken from there. Thread: any.
std::variant<std::string, AuthRefusal> FindToken(const Credentials& credentials);

}  // namespace sluice::edge
