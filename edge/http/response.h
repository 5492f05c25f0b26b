#pragma once

#include <string>
#include <string_view>

#include "core/event.h"
#include "edge/engine/mailbox.h"
#include "edge/http/route.h"

namespace sluice::edge {

struct ResponseForm {
  WallTime date;                   // of the answer
  bool close = false;              // the connection ends with this answer
  bool without_body = false;       // for HEAD: the length is stated, the body left out
  std::string_view extra_headers;  // complete lines
};

// A whole HTTP/1.1 response. Thread: any.
std::string FormatResponse(const HttpResponse& response, const ResponseForm& form);

// The CORS header lines for a page of `origin`; nothing if it is empty. Thread: any.
std::string AllowOriginHeaders(std::string_view origin);

// What a route calls with its answer: posts it to the shard whose connection `id` on `fd` waits.
// Dropped without a call it answers 500. `mailbox` outlives it. Thread: any.
HttpRespond RespondThrough(Mailbox* mailbox, int fd, uint64_t id);

}  // namespace sluice::edge
