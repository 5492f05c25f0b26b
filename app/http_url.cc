#include "app/http_url.h"

#include <algorithm>

#include "absl/strings/ascii.h"

namespace sluice::app {
namespace {

bool IsUnreserved(unsigned char c) {
  return absl::ascii_isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

}  // namespace

absl::StatusOr<HttpUrl> HttpUrl::Parse(std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  const auto malformed = absl::InvalidArgumentError(
      "the server must be http://HOST[:PORT], such as http://127.0.0.1:8080");
  const bool is_plain = std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return absl::ascii_isgraph(c) && c != '?' && c != '#' && c != '@';
  });
  if (!text.starts_with(kScheme) || !is_plain) return malformed;
  text.remove_prefix(kScheme.size());

  HttpUrl url;
  const size_t slash = text.find('/');
  url.authority = text.substr(0, slash);
  if (slash != std::string_view::npos) url.path = text.substr(slash);
  while (url.path.ends_with('/')) url.path.pop_back();

  std::string_view host = url.authority;
  const size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) {
    url.port = host.substr(colon + 1);
    host = host.substr(0, colon);
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  url.host = host;
  const bool is_port = !url.port.empty() && url.port.size() <= 5 &&
                       std::all_of(url.port.begin(), url.port.end(),
                                   [](unsigned char c) { return absl::ascii_isdigit(c); });
  if (url.host.empty() || !is_port) return malformed;
  return url;
}

std::string PercentEncode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (IsUnreserved(octet)) {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kHex[octet >> 4];
      encoded += kHex[octet & 15];
    }
  }
  return encoded;
}

}  // namespace sluice::app
