#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edge/auth/authenticator.h"
#include "edge/engine/gap_reason.h"
#include "edge/engine/reader.h"
#include "edge/http/http_error.h"
#include "edge/http/origin_policy.h"
#include "edge/http/request_head.h"
#include "edge/websocket/handshake.h"

namespace sluice::edge {

class Session;
class Shard;

// What a browser asks of GET /v1/events or /v1/ws, decoded and authorised. Thread: shard.
struct StreamRequest {
  using From = Reader::From;

  Identity identity;
  std::vector<std::string> topics;
  std::optional<std::string> last_event_id;  // as presented, of any form
  From from = From::kNow;                    // without last_event_id
  std::string allow_origin;                  // for Access-Control-Allow-Origin; empty: none
  std::optional<WebSocketHandshake> websocket = std::nullopt;  // nullopt: it wants SSE
};

// Reads a StreamRequest of `identity` out of a request. Source: docs/protocol.md. Thread: any.
struct ParsedStreamRequest {
  StreamRequest request;
  std::optional<HttpError> error;
};
ParsedStreamRequest ParseStreamRequest(const RequestHead& head, OriginPolicy::Verdict verdict,
                                       const Identity& identity, size_t max_topics);
// The `from` of a client; nullopt if it is none.
std::optional<StreamRequest::From> ParseFrom(std::string_view text);

// Whether the ring of `shard` can tell how to begin this stream; false while the retained events
// are still being read, and for a cursor ahead of the ring until the log has said where it ends.
bool CanBeginStream(const Shard& shard, const StreamRequest& request);

// Whether `identity` may begin a session now. kGranted takes a session of its quota.
enum class Admission : uint8_t { kGranted, kDraining, kNoRoom, kRevoked };
Admission Admit(Shard* shard, const Identity& identity);

// How a stream begins, and how its `connected` names it.
struct StreamStart {
  GapReason gap;
  bool resumed;
  std::string connection_id;  // empty: it cannot expire
};
// Has `session` follow what is asked for, from where it is asked for.
StreamStart StartStream(Session* session, const StreamRequest& request);

}  // namespace sluice::edge
