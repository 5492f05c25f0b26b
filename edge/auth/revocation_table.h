#pragma once

#include <cstddef>
#include <deque>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "core/event.h"
#include "core/mutex.h"
#include "edge/auth/authenticator.h"

namespace sluice::edge {

// What a backend has called back: every token of a user that was issued up to then, or one token.
struct Revocation {
  enum class Kind { kUser, kToken };

  // What an event of the log of revocations says (ingest/event_subject.h).
  static Revocation Of(const Event& event);

  Kind kind;
  std::string id;  // a user id, or a token's `jti`
  WallTime at;
};

// What is revoked, as the log says it: the retained part of it when an edge starts, then all that
// comes. It forgets the oldest beyond `max_entries`. Thread: any.
class RevocationTable {
 public:
  explicit RevocationTable(size_t max_entries = 100'000) : max_entries_(max_entries) {}

  void Add(const Revocation& revocation) ABSL_LOCKS_EXCLUDED(mutex_);
  // A token without `iat` is covered by every revocation of its user.
  bool Covers(const Identity& identity) const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  const size_t max_entries_;
  mutable Mutex mutex_;
  absl::flat_hash_map<std::string, WallTime> users_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_set<std::string> tokens_ ABSL_GUARDED_BY(mutex_);
  std::deque<Revocation> order_ ABSL_GUARDED_BY(mutex_);  // the oldest first
};

}  // namespace sluice::edge
