#include "edge/auth/query_user_authenticator.h"

#include <algorithm>
#include <optional>

#include "absl/strings/match.h"
#include "core/channel.h"
#include "core/status.h"
#include "edge/http/query.h"

namespace sluice::edge {

absl::StatusOr<Identity> QueryUserAuthenticator::Authenticate(
    const Credentials& credentials) const {
  if (only_loopback_hosts_ && !IsLoopbackHost(credentials.host)) {
    return absl::PermissionDeniedError("without authentication only loopback hosts are served");
  }
  if (credentials.foreign_origin) {
    return absl::PermissionDeniedError("this origin is not allowed");
  }
  const std::optional<Query> query = Query::Parse(credentials.query);
  if (!query) return absl::InvalidArgumentError("broken escape in the query");
  const std::string* user = query->Find("user");
  if (user == nullptr) return absl::UnauthenticatedError("the query must name a user: ?user=NAME");
  SLUICE_RETURN_IF_ERROR(ValidateChannelName("user", *user));
  return Identity{.user_id = *user, .all_topics = true};
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
