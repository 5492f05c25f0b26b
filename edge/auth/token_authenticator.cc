#include "edge/auth/token_authenticator.h"

#include <utility>

#include "absl/strings/match.h"
#include "edge/http/query.h"

namespace sluice::edge {
namespace {

using Reason = AuthRefusalReason;

// Source: RFC 6750 section 2.1. nullopt: another scheme.
std::optional<std::string> BearerToken(std::string_view authorization) {
  constexpr std::string_view kScheme = "Bearer ";
  const absl::string_view header(authorization.data(), authorization.size());
  if (!absl::StartsWithIgnoreCase(header, {kScheme.data(), kScheme.size()})) return std::nullopt;
  authorization.remove_prefix(kScheme.size());
  authorization.remove_prefix(std::min(authorization.find_first_not_of(' '), authorization.size()));
  return std::string(authorization);
}

std::string_view Trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

struct CookieToken {
  int count = 0;  // how many cookies have the name
  std::string_view value;
};

// Source: RFC 6265 section 4.2.
CookieToken FindCookie(std::string_view header) {
  CookieToken found;
  while (!header.empty()) {
    const size_t end = std::min(header.find(';'), header.size());
    const std::string_view pair = Trim(header.substr(0, end));
    header.remove_prefix(std::min(end + 1, header.size()));
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos || pair.substr(0, equals) != kTokenCookie) continue;
    ++found.count;
    found.value = pair.substr(equals + 1);
  }
  return found;
}

bool MayUseCookie(const Credentials& credentials) {
  switch (credentials.origin) {
    case OriginPolicy::Verdict::kSame:
    case OriginPolicy::Verdict::kAllowed:
      return true;
    case OriginPolicy::Verdict::kNone:
      return credentials.is_same_origin_fetch;
    case OriginPolicy::Verdict::kForeign:
      return false;
  }
  return false;
}

}  // namespace

std::variant<std::string, AuthRefusal> FindToken(const Credentials& credentials) {
  if (!credentials.authorization.empty()) {
    std::optional<std::string> token = BearerToken(credentials.authorization);
    if (token) return *std::move(token);
    return AuthRefusal{Reason::kMalformed, "Authorization is not `Bearer` and a token"};
  }
  const std::optional<Query> query = Query::Parse(credentials.query);
  if (!query) return AuthRefusal{Reason::kRequest, "broken escape in the query"};
  const auto tokens = query->All("access_token");
  if (tokens.size() > 1) return AuthRefusal{Reason::kMalformed, "access_token is given twice"};
  if (tokens.size() == 1) return std::string(tokens.front());

  const CookieToken cookie = FindCookie(credentials.cookie);
  if (cookie.count == 0) {
    return AuthRefusal{Reason::kMissing,
                       "a token is needed: Authorization: Bearer, access_token or the cookie"};
  }
  if (!MayUseCookie(credentials)) {
    return AuthRefusal{Reason::kOrigin, "the cookie does not count for a page of this origin"};
  }
  if (cookie.count > 1) return AuthRefusal{Reason::kMalformed, "the cookie is given twice"};
  return std::string(cookie.value);
}

Authentication TokenAuthenticator::Authenticate(const Credentials& credentials) const {
  if (credentials.origin == OriginPolicy::Verdict::kForeign) {
    return AuthRefusal{Reason::kOrigin, "this origin is not allowed"};
  }
  std::variant<std::string, AuthRefusal> token = FindToken(credentials);
  if (auto* refusal = std::get_if<AuthRefusal>(&token)) return std::move(*refusal);
  auto verified = verifier_->Verify(std::get<std::string>(token), clock_.Wall());
  if (auto* refusal = std::get_if<AuthRefusal>(&verified)) return std::move(*refusal);
  TokenClaims& claims = std::get<TokenClaims>(verified);
  return Identity{.user_id = std::move(claims.subject),
                  .token_id = std::move(claims.id),
                  .topics = std::move(claims.topics),
                  .publish = std::move(claims.publish),
                  .issued = claims.issued,
                  .expires = claims.expires};
}

}  // namespace sluice::edge
