#include "core/repeat_limit.h"

#include <algorithm>

namespace sluice {

bool RepeatLimit::Admit(std::string_view kind, SteadyTime now) {
  auto found = windows_.find(kind);
  if (found == windows_.end()) {
    if (windows_.size() >= options_.max_kinds) kind = "";
    found = windows_.try_emplace(std::string(kind), Window{now + options_.window}).first;
    first_end_ = std::min(first_end_, found->second.end);
  }
  return ++found->second.lines <= options_.max_lines;
}

std::vector<RepeatLimit::Suppressed> RepeatLimit::EndWindows(SteadyTime now) {
  std::vector<Suppressed> ended;
  if (now < first_end_) return ended;
  first_end_ = SteadyTime::max();
  for (auto it = windows_.begin(); it != windows_.end();) {
    const Window& window = it->second;
    if (window.end > now) {
      first_end_ = std::min(first_end_, window.end);
      ++it;
      continue;
    }
    if (window.lines > options_.max_lines) {
      ended.push_back({it->first, window.lines - options_.max_lines});
    }
    it = windows_.erase(it);
  }
  return ended;
}

}  // namespace sluice
