#include "ingest/nats_servers.h"

#include <algorithm>
#include <utility>

namespace sluice::ingest {

void NatsServers::Learn(const std::vector<std::string>& urls) {
  for (const std::string& url : urls) {
    const bool is_known = std::find(urls_.begin(), urls_.end(), url) != urls_.end();
    if (!is_known && urls_.size() < kMax) urls_.push_back(url);
  }
}

bool NatsServers::Leave(const std::string& url) {
  if (urls_.size() < 2) return false;
  left_ = url;
  return true;
}

std::vector<std::string> NatsServers::Candidates() {
  std::vector<std::string> candidates = urls_;
  std::erase(candidates, std::exchange(left_, ""));
  return candidates.empty() ? urls_ : candidates;
}

}  // namespace sluice::ingest
