#include "edge/stream_request.h"

#include "core/channel.h"
#include "edge/engine/session.h"
#include "edge/engine/shard.h"
#include "edge/http/query.h"

namespace sluice::edge {
namespace {

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
  const std::string* text = query.Find("from");
  if (text == nullptr) return std::nullopt;
  const std::optional<StreamRequest::From> from = ParseFrom(*text);
  if (!from) return HttpError{HttpErrorKind::kBadRequest, "from must be now, earliest or last"};
  request->from = *from;
  return std::nullopt;
}

std::optional<HttpError> ReadTopics(const Query& query, const Identity& identity, size_t max_topics,
                                    StreamRequest* request) {
  for (std::string_view topic : query.All("topic")) {
    const absl::Status valid = ValidateChannelName("topic", topic);
    if (!valid.ok()) return FromStatus(valid);
    if (!AnyMatches(identity.topics, topic)) {
      return HttpError{HttpErrorKind::kForbidden, "the topic is not granted"};
    }
    request->topics.emplace_back(topic);
    if (request->topics.size() > max_topics) {
      return HttpError{HttpErrorKind::kBadRequest,
                       "more than " + std::to_string(max_topics) + " topics"};
    }
  }
  return std::nullopt;
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

std::optional<StreamRequest::From> ParseFrom(std::string_view text) {
  if (text == "now") return StreamRequest::From::kNow;
  if (text == "earliest") return StreamRequest::From::kEarliest;
  if (text == "last") return StreamRequest::From::kLast;
  return std::nullopt;
}

ParsedStreamRequest ParseStreamRequest(const RequestHead& head, OriginPolicy::Verdict verdict,
                                       const Identity& identity, size_t max_topics) {
  ParsedStreamRequest parsed;
  const std::optional<Query> query = Query::Parse(head.query);
  if (!query) {
    parsed.error = HttpError{HttpErrorKind::kBadRequest, "broken escape in the query"};
    return parsed;
  }
  StreamRequest& request = parsed.request;
  request.identity = identity;
  request.last_event_id = PresentedCursor(head, *query);
  if (verdict == OriginPolicy::Verdict::kAllowed) request.allow_origin = head.Value("Origin");
  parsed.error = ReadFrom(*query, &request);
  if (!parsed.error) parsed.error = ReadTopics(*query, identity, max_topics, &request);
  return parsed;
}

bool CanBeginStream(const Shard& shard, const StreamRequest& request) {
  if (!shard.is_caught_up()) return false;
  if (!request.last_event_id) return true;
  const std::optional<Cursor> cursor = Cursor::Parse(*request.last_event_id);
  return !cursor || cursor->epoch != shard.ring().epoch() ||
         cursor->sequence <= shard.ring().head_sequence();
}

Admission Admit(Shard* shard, const Identity& identity) {
  EdgeContext& context = shard->context();
  if (shard->is_draining()) return Admission::kDraining;
  if (context.revocations.Covers(identity)) return Admission::kRevoked;
  if (context.memory_level != MemoryLevel::kNormal) return Admission::kNoRoom;
  return context.sessions.Take(identity.user_id) ? Admission::kGranted : Admission::kNoRoom;
}

StreamStart StartStream(Session* session, const StreamRequest& request) {
  session->Identify(request.identity);
  session->Follow(ChannelView::User(request.identity.user_id));
  for (const std::string& topic : request.topics) session->Follow(ChannelView::Topic(topic));
  Shard& shard = session->shard();
  const GapReason gap = StartReader(shard.ring(), request, session);
  CountReplay(request, gap, &shard.stats());
  const bool can_expire = request.identity.expires != WallTime::max();
  return {.gap = gap,
          .resumed = request.last_event_id && gap == GapReason::kNone,
          .connection_id = can_expire ? session->Name().ToString() : ""};
}

}  // namespace sluice::edge
