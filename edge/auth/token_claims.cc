#include "edge/auth/token_claims.h"

#include <cmath>
#include <utility>

#include <boost/json.hpp>

#include "absl/strings/str_cat.h"
#include "core/channel.h"
#include "edge/auth/json_object.h"

namespace sluice::edge {
namespace {

namespace json = boost::json;
using Reason = AuthRefusalReason;
using Refused = std::optional<AuthRefusal>;

constexpr double kMaxSeconds = 9e9;  // the year 2255; WallTime goes no further than 2262
constexpr size_t kMaxPatterns = 256;
constexpr size_t kMaxIdBytes = 256;

AuthRefusal Wrong(std::string_view claim, std::string_view what) {
  return {Reason::kClaims,
          absl::StrCat("the token's `", absl::string_view(claim.data(), claim.size()), "` ",
                       absl::string_view(what.data(), what.size()))};
}

WallTime FromSeconds(double seconds) {
  return WallTime(std::chrono::duration_cast<WallTime::duration>(
      std::chrono::milliseconds(static_cast<int64_t>(std::floor(seconds * 1e3)))));
}

// A NumericDate, if the claim is there.
Refused ReadTime(const json::object& payload, std::string_view claim,
                 std::optional<WallTime>* time) {
  const json::value* value = payload.if_contains({claim.data(), claim.size()});
  if (value == nullptr) return std::nullopt;
  json::error_code error;
  const auto seconds = value->is_number() ? value->to_number<double>(error) : -1;
  if (error || !(seconds >= 0 && seconds <= kMaxSeconds)) {
    return Wrong(claim, "is no time in seconds since 1970");
  }
  *time = FromSeconds(seconds);
  return std::nullopt;
}

Refused ReadTimes(const json::object& payload, const ClaimRules& rules, WallTime now,
                  TokenClaims* claims) {
  std::optional<WallTime> expires;
  std::optional<WallTime> not_before;
  std::optional<WallTime> issued;
  if (Refused refused = ReadTime(payload, "exp", &expires)) return refused;
  if (Refused refused = ReadTime(payload, "nbf", &not_before)) return refused;
  if (Refused refused = ReadTime(payload, "iat", &issued)) return refused;
  if (!expires && rules.require_expiry) return Wrong("exp", "is missing");
  if (expires && now >= *expires + rules.leeway) {
    const auto ago = std::chrono::duration_cast<std::chrono::seconds>(now - *expires);
    return AuthRefusal{Reason::kExpired, absl::StrCat("the token expired ", ago.count(), " s ago")};
  }
  for (const auto& [claim, time] : {std::pair("nbf", not_before), std::pair("iat", issued)}) {
    if (!time || now + rules.leeway >= *time) continue;
    return AuthRefusal{Reason::kNotYet, absl::StrCat("the token's `", claim, "` is ahead")};
  }
  if (issued) claims->issued = *issued;
  // Within the leeway it is not over yet, whoever's clock is wrong.
  if (expires) claims->expires = now < *expires ? *expires : *expires + rules.leeway;
  return std::nullopt;
}

Refused CheckAudience(const json::object& payload, const std::string& audience) {
  const json::value* value = payload.if_contains("aud");
  if (value == nullptr) {
    if (audience.empty()) return std::nullopt;
    return AuthRefusal{Reason::kAudience, "the token has no `aud`"};
  }
  if (audience.empty()) {
    return AuthRefusal{Reason::kAudience,
                       "the token has an `aud`, and auth.audience does not say which is meant"};
  }
  const json::array single = {*value};
  const json::array& all = value->is_array() ? value->get_array() : single;
  for (const json::value& element : all) {
    if (element.is_string() && element.get_string() == audience) return std::nullopt;
  }
  return AuthRefusal{Reason::kAudience, "the token is for another audience"};
}

Refused ReadPatterns(const json::object& payload, std::string_view claim,
                     std::vector<NamePattern>* patterns) {
  const json::value* value = payload.if_contains({claim.data(), claim.size()});
  if (value == nullptr) return std::nullopt;
  if (!value->is_array()) return Wrong(claim, "is no list of patterns");
  if (value->get_array().size() > kMaxPatterns) return Wrong(claim, "has more than 256 patterns");
  for (const json::value& element : value->get_array()) {
    if (!element.is_string()) return Wrong(claim, "is no list of patterns");
    const json::string& text = element.get_string();
    absl::StatusOr<NamePattern> pattern = NamePattern::Parse({text.data(), text.size()});
    if (!pattern.ok()) return Wrong(claim, "has an invalid pattern");
    patterns->push_back(*std::move(pattern));
  }
  return std::nullopt;
}

}  // namespace

std::variant<TokenClaims, AuthRefusal> ReadClaims(const json::object& payload,
                                                  const ClaimRules& rules, WallTime now) {
  TokenClaims claims;
  if (Refused refused = ReadTimes(payload, rules, now, &claims)) return *std::move(refused);
  if (Refused refused = CheckAudience(payload, rules.audience)) return *std::move(refused);
  const std::optional<std::string> subject = StringMember(payload, "sub");
  if (!subject || !ValidateChannelName("sub", *subject).ok()) {
    return Wrong("sub", "is no user id: 1 to 256 bytes without control characters");
  }
  claims.subject = *subject;
  if (payload.contains("jti")) {
    const std::optional<std::string> id = StringMember(payload, "jti");
    if (!id || id->empty() || id->size() > kMaxIdBytes) {
      return Wrong("jti", "is no string of 1 to 256 bytes");
    }
    claims.id = *id;
  }
  if (Refused refused = ReadPatterns(payload, "topics", &claims.topics)) return *std::move(refused);
  if (Refused refused = ReadPatterns(payload, "publish", &claims.publish)) {
    return *std::move(refused);
  }
  return claims;
}

}  // namespace sluice::edge
