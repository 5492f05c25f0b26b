#include "ingest/edge_table.h"

namespace sluice::ingest {

bool EdgeTable::Hear(const std::string& edge, SteadyTime now) {
  if (const auto found = heard_.find(edge); found != heard_.end()) {
    found->second = now;
    return false;
  }
  return !is_full() && heard_.emplace(edge, now).second;
}

std::vector<std::string> EdgeTable::ForgetSilent(SteadyTime now) {
  std::vector<std::string> silent;
  for (auto each = heard_.begin(); each != heard_.end();) {
    if (now - each->second < kPatience) {
      ++each;
      continue;
    }
    silent.push_back(each->first);
    each = heard_.erase(each);
  }
  return silent;
}

}  // namespace sluice::ingest
