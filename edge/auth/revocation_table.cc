#include "edge/auth/revocation_table.h"

#include "core/channel.h"

namespace sluice::edge {

Revocation Revocation::Of(const Event& event) {
  const ChannelView channel = event.channel();
  return {.kind = channel.kind == ChannelKind::kUser ? Kind::kUser : Kind::kToken,
          .id = std::string(channel.name),
          .at = event.published()};
}

void RevocationTable::Add(const Revocation& revocation) {
  MutexLock lock(&mutex_);
  if (revocation.kind == Revocation::Kind::kUser) {
    users_[revocation.id] = revocation.at;
  } else {
    tokens_.insert(revocation.id);
  }
  order_.push_back(revocation);
  if (order_.size() <= max_entries_) return;
  const Revocation& oldest = order_.front();
  if (oldest.kind == Revocation::Kind::kToken) {
    tokens_.erase(oldest.id);
  } else if (const auto found = users_.find(oldest.id);
             found != users_.end() && found->second == oldest.at) {
    users_.erase(found);  // and was not revoked again since
  }
  order_.pop_front();
}

bool RevocationTable::Covers(const Identity& identity) const {
  MutexLock lock(&mutex_);
  if (!identity.token_id.empty() && tokens_.contains(identity.token_id)) return true;
  const auto found = users_.find(identity.user_id);
  return found != users_.end() && identity.issued <= found->second;
}

}  // namespace sluice::edge
