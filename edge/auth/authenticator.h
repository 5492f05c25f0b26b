#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace sluice::edge {

// What a request carries that may say who sent it; borrowed for the length of the call.
struct Credentials {
  std::string_view authorization;  // header, empty if absent
  std::string_view cookie;         // header, empty if absent
  std::string_view query;          // without the '?', not decoded
  std::string_view host;           // header, empty if absent
  bool foreign_origin = false;     // the page is of another origin that is not allowed
};

// Who a session belongs to and what it may see.
struct Identity {
  std::string user_id;
  bool all_topics = false;
};

// Decides who is calling. Thread: any (called on every shard at once).
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // UNAUTHENTICATED (401): no or bad credentials. PERMISSION_DENIED (403): known but refused.
  // INVALID_ARGUMENT (400): malformed.
  virtual absl::StatusOr<Identity> Authenticate(const Credentials& credentials) const = 0;
};

}  // namespace sluice::edge
