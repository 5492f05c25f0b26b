#include "edge/engine/session_quota.h"

namespace sluice::edge {
namespace {

absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

bool SessionQuota::Take(std::string_view user) {
  MutexLock lock(&mutex_);
  if (left_ == 0) return false;
  uint32_t& sessions = sessions_.try_emplace(ToAbsl(user), 0).first->second;
  if (max_per_user_ > 0 && sessions == max_per_user_) return false;
  ++sessions;
  --left_;
  return true;
}

void SessionQuota::Return(std::string_view user) {
  MutexLock lock(&mutex_);
  ++left_;
  const auto found = sessions_.find(ToAbsl(user));
  if (found != sessions_.end() && --found->second == 0) sessions_.erase(found);
}

uint32_t SessionQuota::Count(std::string_view user) const {
  MutexLock lock(&mutex_);
  const auto found = sessions_.find(ToAbsl(user));
  return found == sessions_.end() ? 0 : found->second;
}

}  // namespace sluice::edge
