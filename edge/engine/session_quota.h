#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "core/mutex.h"

namespace sluice::edge {

// How many sessions the process and each user have and may have, over all shards. Asked once when a
// session begins and once when it ends, never for a delivery. Thread: any.
class SessionQuota {
 public:
  // `max_per_user` 0: no limit.
  SessionQuota(uint32_t max_sessions, uint32_t max_per_user)
      : max_per_user_(max_per_user), left_(max_sessions) {}

  // One session of `user`; false: there are as many as there may be.
  bool Take(std::string_view user) ABSL_LOCKS_EXCLUDED(mutex_);
  void Return(std::string_view user) ABSL_LOCKS_EXCLUDED(mutex_);
  // The sessions that `user` has now.
  uint32_t Count(std::string_view user) const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  const uint32_t max_per_user_;
  mutable Mutex mutex_;
  uint32_t left_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, uint32_t> sessions_ ABSL_GUARDED_BY(mutex_);  // by user
};

}  // namespace sluice::edge
