#include "edge/sse/sse_endpoint.h"

#include <memory>

#include "core/channel.h"
#include "edge/engine/session.h"
#include "edge/engine/shard.h"
#include "edge/http/query.h"
#include "edge/http/response.h"
#include "edge/sse/sse_codec.h"

namespace sluice::edge {
namespace {

constexpr int kOverloadSpread = 10;

// The header wins over the query; a header without a value is none. Given twice it cannot be
// trusted: the empty string is no cursor and so becomes a gap.
std::optional<std::string> PresentedCursor(const RequestHead& head, const Query& query) {
  if (head.Repeated("Last-Event-ID")) return std::string();
  if (const std::string* header = head.Find("Last-Event-ID"); header && !header->empty()) {
    return *header;
  }
  std::vector<std::string_view> values = query.All("last_event_id");
  for (std::string_view value : query.All("lastEventId")) values.push_back(value);
  std::optional<std::string> presented;
  for (std::string_view value : values) {
    if (value.empty()) continue;
    if (presented && *presented != value) return std::string();
    presented = std::string(value);
  }
  return presented;
}

std::optional<HttpError> ReadFrom(const Query& query, StreamRequest* request) {
  const std::string* from = query.Find("from");
  if (from == nullptr || *from == "now") {
    request->from = StreamRequest::From::kNow;
  } else if (*from == "earliest") {
    request->from = StreamRequest::From::kEarliest;
  } else if (*from == "last") {
    request->from = StreamRequest::From::kLast;
  } else {
    return HttpError{HttpErrorKind::kBadRequest, "from must be now, earliest or last"};
  }
  return std::nullopt;
}

std::optional<HttpError> ReadTopics(const Query& query, const Identity& identity, size_t max_topics,
                                    StreamRequest* request) {
  for (std::string_view topic : query.All("topic")) {
    const absl::Status valid = ValidateChannelName("topic", topic);
    if (!valid.ok()) return FromStatus(valid);
    if (!identity.all_topics) return HttpError{HttpErrorKind::kForbidden, "topic not granted"};
    request->topics.emplace_back(topic);
    if (request->topics.size() > max_topics) {
      return HttpError{HttpErrorKind::kBadRequest,
                       "more than " + std::to_string(max_topics) + " topics"};
    }
  }
  return std::nullopt;
}

std::string ResponseHead(const StreamRequest& request) {
  std::string head =
      "HTTP/1.1 200 OK\r\n"
      "Content-Type: text/event-stream\r\n"
      "Cache-Control: no-cache, no-store, no-transform\r\n"
      "X-Accel-Buffering: no\r\n"
      "Vary: Origin\r\n"
      "Connection: close\r\n";
  head += AllowOriginHeaders(request.allow_origin);
  head += "\r\n";
  return head;
}

// Moves `reader` to where the request wants to begin; the reason if that cannot be had.
GapReason StartReader(const Ring& ring, const StreamRequest& request, Reader* reader) {
  if (!request.last_event_id) {
    switch (request.from) {
      case StreamRequest::From::kNow:
        reader->StartAtHead();
        break;
      case StreamRequest::From::kEarliest:
        reader->StartAtEarliest();
        break;
      case StreamRequest::From::kLast:
        reader->StartAtLast();
        break;
    }
    return GapReason::kNone;
  }
  const std::optional<Cursor> cursor = Cursor::Parse(*request.last_event_id);
  GapReason reason = GapReason::kInvalid;
  if (cursor && cursor->epoch != ring.epoch()) {
    reason = GapReason::kEpoch;
  } else if (cursor && cursor->sequence <= ring.head_sequence()) {
    reason = reader->StartAfter(cursor->sequence);
  }
  if (reason != GapReason::kNone) reader->StartAtHead();
  return reason;
}

void CountReplay(const StreamRequest& request, GapReason gap, ShardStats* stats) {
  if (!request.last_event_id) {
    stats->replays_none.Add();
  } else if (gap == GapReason::kNone) {
    stats->replays_full.Add();
  } else {
    stats->replays_gap.Add();
    stats->gaps[static_cast<size_t>(gap)].Add();
  }
}

}  // namespace

ParsedStreamRequest ParseStreamRequest(const RequestHead& head, OriginPolicy::Verdict verdict,
                                       const Authenticator& authenticator, size_t max_topics) {
  ParsedStreamRequest parsed;
  const absl::StatusOr<Identity> identity =
      authenticator.Authenticate({.authorization = head.Value("Authorization"),
                                  .cookie = head.Value("Cookie"),
                                  .query = head.query,
                                  .host = head.Value("Host"),
                                  .foreign_origin = verdict == OriginPolicy::Verdict::kForeign});
  if (!identity.ok()) {
    parsed.error = FromStatus(identity.status());
    return parsed;
  }
  const std::optional<Query> query = Query::Parse(head.query);
  if (!query) {
    parsed.error = HttpError{HttpErrorKind::kBadRequest, "broken escape in the query"};
    return parsed;
  }
  StreamRequest& request = parsed.request;
  request.user_id = identity->user_id;
  request.last_event_id = PresentedCursor(head, *query);
  if (verdict == OriginPolicy::Verdict::kAllowed) request.allow_origin = head.Value("Origin");
  parsed.error = ReadFrom(*query, &request);
  if (!parsed.error) parsed.error = ReadTopics(*query, *identity, max_topics, &request);
  return parsed;
}

bool CanBeginStream(const Shard& shard, const StreamRequest& request) {
  if (!shard.is_caught_up()) return false;
  if (!request.last_event_id) return true;
  const std::optional<Cursor> cursor = Cursor::Parse(*request.last_event_id);
  return !cursor || cursor->epoch != shard.ring().epoch() ||
         cursor->sequence <= shard.ring().head_sequence();
}

void BeginStream(Shard* shard, FileDescriptor socket, const StreamRequest& request) {
  auto owned = std::make_unique<Session>(shard, std::move(socket));
  Session& session = *owned;
  shard->Add(std::move(owned));
  session.Follow(ChannelView::User(request.user_id));
  for (const std::string& topic : request.topics) session.Follow(ChannelView::Topic(topic));

  const Ring& ring = shard->ring();
  const GapReason gap = StartReader(ring, request, &session);
  const bool resumed = request.last_event_id && gap == GapReason::kNone;
  std::string preface = ResponseHead(request);
  preface += SseRetryBlock(shard->JitteredRetry(1));
  preface += SseConnectedBlock({ring.epoch(), session.cursor()}, request.user_id, resumed);
  if (gap != GapReason::kNone) preface += SseGapBlock(gap, *request.last_event_id, ring.head());
  CountReplay(request, gap, &shard->stats());
  session.set_preface(FrameRef::Copy(preface));
  session.Write();
}

std::string OverloadAnswer(Shard* shard, const StreamRequest& request) {
  return ResponseHead(request) + SseRetryBlock(shard->JitteredRetry(kOverloadSpread)) +
         SseClosingBlock(DisconnectReason::kOverload);
}

}  // namespace sluice::edge
