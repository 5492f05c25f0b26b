#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "edge/auth/authenticator.h"
#include "edge/engine/connection.h"
#include "edge/http/http_error.h"
#include "edge/http/origin_policy.h"
#include "edge/http/request_head.h"

namespace sluice::edge {

class Session;

// What a browser asks of GET /v1/events, decoded and authorised. Thread: shard.
struct StreamRequest {
  enum class From { kNow, kEarliest, kLast };

  std::string user_id;
  std::vector<std::string> topics;
  std::optional<std::string> last_event_id;  // as presented, of any form
  From from = From::kNow;                    // without last_event_id
  std::string allow_origin;                  // for Access-Control-Allow-Origin; empty: none
};

// Reads a StreamRequest out of a request. Source: docs/protocol.md, "SSE". Thread: any.
struct ParsedStreamRequest {
  StreamRequest request;
  std::optional<HttpError> error;
};
ParsedStreamRequest ParseStreamRequest(const RequestHead& head, OriginPolicy::Verdict verdict,
                                       const Authenticator& authenticator, size_t max_topics);

// Whether the ring of `shard` can tell how to begin this stream; false while the retained events
// are still being read, and for a cursor ahead of the ring until the log has said where it ends.
bool CanBeginStream(const Shard& shard, const StreamRequest& request);

// Begins the stream on `socket`: response head, `retry`, `connected`, then `gap` or what was
// missed. Takes a session slot for granted.
void BeginStream(Shard* shard, FileDescriptor socket, const StreamRequest& request);

// The whole answer to an EventSource that cannot be served now; anything but 200 would stop it for
// good. The next attempt comes after a retry spread over `retry` to ten times that.
std::string OverloadAnswer(Shard* shard, const StreamRequest& request);

}  // namespace sluice::edge
