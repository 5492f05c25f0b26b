#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <boost/json/object.hpp>

#include "core/event.h"
#include "core/name_pattern.h"
#include "edge/auth/auth_refusal.h"

namespace sluice::edge {

// What a token grants, once it has been verified. Thread: any.
struct TokenClaims {
  std::string subject;              // the user id
  std::string id;                   // `jti`; empty if absent
  std::vector<NamePattern> topics;  // may be subscribed to
  std::vector<NamePattern> publish;
  WallTime issued = WallTime::min();   // min: not known
  WallTime expires = WallTime::max();  // max: never
};

// What has to be so of the claims, beside the signature.
struct ClaimRules {
  std::string audience;  // one of `aud`; empty: the token must not have one
  bool require_expiry = true;
  std::chrono::milliseconds leeway{0};  // for clocks that differ
};

// Reads and judges the claims of a payload at the time `now`. Source: RFC 7519 section 4.1 and
// docs/protocol.md, "Tokens". Thread: any.
std::variant<TokenClaims, AuthRefusal> ReadClaims(const boost::json::object& payload,
                                                  const ClaimRules& rules, WallTime now);

}  // namespace sluice::edge
