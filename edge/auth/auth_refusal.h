#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "edge/http/http_error.h"

namespace sluice::edge {

// Why somebody is not let in. The table in auth_refusal.cc says the metric label and the answer.
enum class AuthRefusalReason : uint8_t {
  kRequest,    // cannot be read at all
  kMissing,    // says nothing of who is calling
  kMalformed,  // no JWT, or one that says something twice, or asks for a key of its own choosing
  kAlgorithm,  // one that no key of the issuer allows
  kIssuer,     // not in the table
  kKey,        // no key of that id
  kSignature,
  kExpired,
  kNotYet,  // nbf or iat ahead
  kAudience,
  kClaims,  // absent or of the wrong type
  kRevoked,
  kOrigin,  // a page that may not use what the browser sent along
};
inline constexpr size_t kAuthRefusalReasons = 13;

struct AuthRefusal {
  AuthRefusalReason reason;
  std::string message;  // for people; repeats nothing of a token but names of claims
};

// The label of sluice_edge_auth_failures_total. Thread: any.
std::string_view LabelOf(AuthRefusalReason reason);
// How it is answered. Thread: any.
HttpError ToHttpError(const AuthRefusal& refusal);

}  // namespace sluice::edge
