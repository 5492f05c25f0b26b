#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace sluice::app {

// The address of a server that speaks plain HTTP. Thread: any.
struct HttpUrl {
  // `http://HOST[:PORT][/PATH]`, the host a name or an address, IPv6 in brackets.
  // INVALID_ARGUMENT otherwise, also for https: put a proxy in between.
  static absl::StatusOr<HttpUrl> Parse(std::string_view text);

  std::string host;  // without brackets
  std::string port = "80";
  std::string path;       // without a final slash
  std::string authority;  // for the Host header
};

// Writes every octet but letters, digits and `-._~` as %XX (RFC 3986 section 2.1).
std::string PercentEncode(std::string_view text);

}  // namespace sluice::app
