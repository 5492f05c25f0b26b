#include "edge/http/origin_policy.h"

#include <algorithm>

namespace sluice::edge {

OriginPolicy::Verdict OriginPolicy::Judge(std::string_view origin, std::string_view host) const {
  if (origin.empty()) return Verdict::kNone;
  const bool listed = std::any_of(allowed_.begin(), allowed_.end(), [&](const std::string& entry) {
    return entry == "*" || entry == origin;
  });
  if (listed) return Verdict::kAllowed;
  const size_t scheme = origin.find("://");
  if (scheme != std::string_view::npos && !host.empty() && origin.substr(scheme + 3) == host) {
    return Verdict::kSame;
  }
  return Verdict::kForeign;
}

}  // namespace sluice::edge
