#pragma once

#include <cstdint>

#include "edge/auth/authenticator.h"
#include "edge/http/request_head.h"

namespace sluice::edge {

// Who sent a request of SockJS, so that an id that was guessed is not enough to take part in
// another's session: hashes, the same on every edge; 0: not said. Thread: any.
struct SockJsCaller {
  uint64_t user = 0;        // as authenticated
  uint64_t credential = 0;  // the token in header or query as text, which may have expired

  static SockJsCaller Of(const RequestHead& head, const Authentication& who);
  // Whether this may take part in a session that `opener` has opened: as the same user, or with
  // the same token, since a session that was renewed outlives it. If the opener said nothing, the
  // id is the key.
  bool MayUseSessionOf(const SockJsCaller& opener) const;
};

}  // namespace sluice::edge
