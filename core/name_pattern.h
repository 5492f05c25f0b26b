#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace sluice {

// Which user ids or topics somebody may use: a name, or a prefix and `*` for any rest that is not
// empty; `*` alone is any name. A `*` stands nowhere else, so that nobody reads more into a
// pattern than it grants. Thread: any (immutable).
class NamePattern {
 public:
  // INVALID_ARGUMENT: empty, no channel name, or a `*` before the end.
  static absl::StatusOr<NamePattern> Parse(std::string_view text);

  static NamePattern Any() { return {"", true}; }

  bool Matches(std::string_view name) const;
  // True if every name that `other` matches is one of this.
  bool Covers(const NamePattern& other) const;
  // As parsed.
  std::string ToString() const;

 private:
  NamePattern(std::string_view literal, bool is_prefix)
      : literal_(literal), is_prefix_(is_prefix) {}

  std::string literal_;
  bool is_prefix_;
};

// True if one of `patterns` matches. Thread: any.
bool AnyMatches(const std::vector<NamePattern>& patterns, std::string_view name);
// True if one of `patterns` covers `wanted` by itself. Thread: any.
bool AnyCovers(const std::vector<NamePattern>& patterns, const NamePattern& wanted);

}  // namespace sluice
