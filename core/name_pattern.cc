#include "core/name_pattern.h"

#include <algorithm>

#include "core/channel.h"
#include "core/status.h"

namespace sluice {

absl::StatusOr<NamePattern> NamePattern::Parse(std::string_view text) {
  SLUICE_RETURN_IF_ERROR(ValidateChannelName("pattern", text));
  const size_t star = text.find('*');
  if (star == std::string_view::npos) return NamePattern(text, false);
  if (star + 1 != text.size()) {
    return absl::InvalidArgumentError("a pattern has `*` at its end alone");
  }
  return NamePattern(text.substr(0, star), true);
}

bool NamePattern::Matches(std::string_view name) const {
  if (!is_prefix_) return name == literal_;
  return name.size() > literal_.size() && name.starts_with(literal_);
}

bool NamePattern::Covers(const NamePattern& other) const {
  if (!other.is_prefix_) return Matches(other.literal_);
  return is_prefix_ && other.literal_.starts_with(literal_);
}

std::string NamePattern::ToString() const { return is_prefix_ ? literal_ + '*' : literal_; }

bool AnyMatches(const std::vector<NamePattern>& patterns, std::string_view name) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [name](const NamePattern& pattern) { return pattern.Matches(name); });
}

bool AnyCovers(const std::vector<NamePattern>& patterns, const NamePattern& wanted) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&wanted](const NamePattern& pattern) { return pattern.Covers(wanted); });
}

}  // namespace sluice
