#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/event.h"
#include "core/name_pattern.h"
#include "edge/auth/auth_refusal.h"
#include "edge/http/origin_policy.h"

namespace sluice::edge {

// What a request carries that may say who sent it; borrowed for the length of the call.
struct Credentials {
  std::string_view authorization;  // header, empty if absent
  std::string_view cookie;         // header, empty if absent
  std::string_view query;          // without the '?', not decoded
  std::string_view host;           // header, empty if absent
  OriginPolicy::Verdict origin = OriginPolicy::Verdict::kNone;
  bool is_same_origin_fetch = false;  // without an Origin: the browser says that the page is ours
};

// Who a session belongs to and what it may see.
struct Identity {
  std::string user_id;
  std::string token_id;                   // `jti`; empty: none
  std::vector<NamePattern> topics;        // may be followed
  std::vector<NamePattern> publish = {};  // topics that may be published to
  WallTime issued = WallTime::max();      // when its token was; max: it has none, min: not known
  WallTime expires = WallTime::max();     // when the session must end; max: never
};

using Authentication = std::variant<Identity, AuthRefusal>;

// Decides who is calling. Thread: any (called on every shard at once).
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  virtual Authentication Authenticate(const Credentials& credentials) const = 0;
  // Else the request that opens a session says who is calling, and nothing that comes later.
  virtual bool takes_tokens() const = 0;
};

}  // namespace sluice::edge
