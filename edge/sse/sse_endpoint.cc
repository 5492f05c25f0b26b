#include "edge/sse/sse_endpoint.h"

#include <memory>
#include <utility>

#include "edge/engine/shard.h"
#include "edge/http/http_date.h"
#include "edge/http/response.h"
#include "edge/sse/sse_codec.h"
#include "edge/sse/sse_session.h"

namespace sluice::edge {
namespace {

constexpr int kOverloadSpread = 10;

std::string ResponseHead(Shard* shard, const StreamRequest& request) {
  std::string head = "HTTP/1.1 200 OK\r\nDate: ";
  head += HttpDate(shard->context().clock->Wall());
  head +=
      "\r\n"
      "Content-Type: text/event-stream\r\n"
      "Cache-Control: no-cache, no-store, no-transform\r\n"
      "X-Accel-Buffering: no\r\n"
      "Vary: Origin\r\n"
      "Connection: close\r\n";
  head += AllowOriginHeaders(request.allow_origin);
  head += "\r\n";
  return head;
}

}  // namespace

void BeginSseStream(Shard* shard, StreamSocket socket, const StreamRequest& request) {
  auto owned = std::make_unique<SseSession>(shard, std::move(socket));
  SseSession& session = *owned;
  shard->Add(std::move(owned));
  const StreamStart start = StartStream(&session, request);
  const Ring& ring = shard->ring();
  std::string preface = ResponseHead(shard, request);
  preface += SseRetryBlock(shard->JitteredRetry(1));
  preface += SseConnectedBlock({ring.epoch(), session.cursor()}, request.identity.user_id,
                               start.resumed, start.connection_id);
  if (start.gap != GapReason::kNone) {
    preface += SseGapBlock(start.gap, *request.last_event_id, ring.head());
  }
  session.Say(preface);
  session.Write();
}

std::string SseTurnAwayAnswer(Shard* shard, const StreamRequest& request, DisconnectReason reason) {
  return ResponseHead(shard, request) + SseRetryBlock(shard->JitteredRetry(kOverloadSpread)) +
         SseClosingBlock(reason);
}

}  // namespace sluice::edge
