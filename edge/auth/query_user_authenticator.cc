#include "edge/auth/query_user_authenticator.h"

#include <algorithm>
#include <optional>

#include "absl/strings/match.h"
#include "core/channel.h"
#include "edge/http/query.h"

namespace sluice::edge {

Authentication QueryUserAuthenticator::Authenticate(const Credentials& credentials) const {
  using Reason = AuthRefusalReason;
  if (only_loopback_hosts_ && !IsLoopbackHost(credentials.host)) {
    return AuthRefusal{Reason::kOrigin, "without authentication only loopback hosts are served"};
  }
  if (credentials.origin == OriginPolicy::Verdict::kForeign) {
    return AuthRefusal{Reason::kOrigin, "this origin is not allowed"};
  }
  const std::optional<Query> query = Query::Parse(credentials.query);
  if (!query) return AuthRefusal{Reason::kRequest, "broken escape in the query"};
  const std::string* user = query->Find("user");
  if (user == nullptr) {
    return AuthRefusal{Reason::kMissing, "the query must name a user: ?user=NAME"};
  }
  if (const absl::Status valid = ValidateChannelName("user", *user); !valid.ok()) {
    return AuthRefusal{Reason::kRequest, std::string(valid.message())};
  }
  return Identity{.user_id = *user,
                  .token_id = "",
                  .topics = {NamePattern::Any()},
                  .publish = {NamePattern::Any()}};
}

bool IsLoopbackHost(std::string_view host) {
  // "[::1]:80", "127.0.0.1:80", "localhost"
  const size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) {
    const std::string_view port = host.substr(colon + 1);
    if (port.find_first_not_of("0123456789") != std::string_view::npos) return false;
    host = host.substr(0, colon);
  }
  if (host == "[::1]") return true;
  if (absl::EqualsIgnoreCase({host.data(), host.size()}, "localhost")) return true;
  // Digits and dots only, so that a name such as 127.0.0.1.example is foreign.
  return host.starts_with("127.") && std::count(host.begin(), host.end(), '.') == 3 &&
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace sluice::edge
