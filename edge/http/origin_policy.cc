#include "edge/http/origin_policy.h"

#include <algorithm>

namespace sluice::edge {

OriginPolicy::Verdict OriginPolicy::Judge(std::string_view origin, std::string_view host) const {
  if (origin.empty()) return Verdict::kNone;
  if (std::find(allowed_.begin(), allowed_.end(), origin) != allowed_.end()) {
    return Verdict::kAllowed;
  }
  const size_t scheme = origin.find("://");
  const bool is_own_scheme = own_scheme_.empty() || origin.substr(0, scheme) == own_scheme_;
  if (scheme != std::string_view::npos && is_own_scheme && !host.empty() &&
      origin.substr(scheme + 3) == host) {
    return Verdict::kSame;
  }
  return Verdict::kForeign;
}

}  // namespace sluice::edge
