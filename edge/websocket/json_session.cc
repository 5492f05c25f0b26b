#include "edge/websocket/json_session.h"

#include <optional>

#include "edge/engine/shard.h"
#include "edge/http/http_error.h"
#include "edge/stream_request.h"

namespace sluice::edge {
JsonSession::JsonSession(Shard* shard, StreamSocket socket, std::vector<NamePattern> topics)
    : WebSocketSession(shard, std::move(socket), Protocol::kWebSocket, WireFormat::kWebSocketJson,
                       WebSocketReader({.message_bytes = shard->options().max_message_bytes})),
      topics_(std::move(topics)) {}

void JsonSession::OnText(std::string_view text) {
  const ParsedJsonRequest parsed = ParseJsonRequest(text);
  if (parsed.error.empty()) return OnRequest(parsed.request);
  Say(JsonError(parsed.request.ref, "bad_request", parsed.error));
}

void JsonSession::OnRequest(const JsonRequest& request) {
  if (request.type == "subscribe") return Subscribe(request);
  if (request.type == "unsubscribe") return Unsubscribe(request);
  if (request.type == "token") return TakeToken(request);
  if (request.type == "send") {
    return Say(JsonError(request.ref, "not_found", "nobody takes this destination"));
  }
  Say(JsonError(request.ref, "bad_request", "the type is none that is known"));
}

void JsonSession::Subscribe(const JsonRequest& request) {
  const absl::Status valid = ValidateChannelName("topic", request.topic);
  if (!valid.ok()) {
    return Say(
        JsonError(request.ref, "bad_request", {valid.message().data(), valid.message().size()}));
  }
  if (!AnyMatches(topics_, request.topic)) {
    return Say(JsonError(request.ref, "forbidden", "the topic is not granted"));
  }
  const auto from =
      request.from.empty() ? std::optional(Reader::From::kNow) : ParseFrom(request.from);
  if (!from) {
    return Say(JsonError(request.ref, "bad_request", "from must be now, earliest or last"));
  }
  if (channel_count() > shard().options().max_topics_per_session) {
    return Say(JsonError(request.ref, "too_many_topics", "no more topics in one session"));
  }
  if (!Follow(ChannelView::Topic(request.topic))) {
    return Say(JsonError(request.ref, "already_subscribed", "the topic is followed already"));
  }
  const GapReason gap = StartTopic(request, *from);
  Say(JsonOk(request.ref));
  if (gap == GapReason::kNone) return;
  shard().stats().gaps[static_cast<size_t>(gap)].Add();
  Say(JsonGap(gap, *request.after, shard().ring().head(), request.topic));
}

GapReason JsonSession::StartTopic(const JsonRequest& request, Reader::From from) {
  if (!request.after) {
    StartLastFollowed(from);
    return GapReason::kNone;
  }
  StartLastFollowed(Reader::From::kNow);
  const std::optional<Cursor> cursor = Cursor::Parse(*request.after);
  const Ring& ring = shard().ring();
  if (!cursor) return GapReason::kInvalid;
  if (cursor->epoch != ring.epoch()) return GapReason::kEpoch;
  if (cursor->sequence > ring.head_sequence()) return GapReason::kInvalid;
  return StartLastFollowedAfter(cursor->sequence);
}

void JsonSession::Unsubscribe(const JsonRequest& request) {
  if (Unfollow(ChannelView::Topic(request.topic))) return Say(JsonOk(request.ref));
  Say(JsonError(request.ref, "not_found", "the topic is not followed"));
}

void JsonSession::TakeToken(const JsonRequest& request) {
  const std::string bearer = "Bearer " + request.token;
  Credentials credentials;
  credentials.authorization = bearer;
  const Authentication who = shard().context().authenticator->Authenticate(credentials);
  if (const auto* refusal = std::get_if<AuthRefusal>(&who)) {
    shard().stats().auth_failures[static_cast<size_t>(refusal->reason)].Add();
    const HttpError error = ToHttpError(*refusal);
    return Say(JsonError(request.ref, CodeOf(error.kind), error.message));
  }
  const auto& identity = std::get<Identity>(who);
  switch (Renew(identity)) {
    case RenewalResult::kRenewed:
      topics_ = identity.topics;
      return Say(JsonOk(request.ref));
    case RenewalResult::kNotGranted:
      return Say(
          JsonError(request.ref, "forbidden", "the token does not grant what the stream follows"));
    case RenewalResult::kRevoked:
      return Say(JsonError(request.ref, "unauthenticated", "the token has been revoked"));
    case RenewalResult::kNoSession:
    case RenewalResult::kUnreachable:
      return Say(JsonError(request.ref, "forbidden", "the token is another user's"));
  }
}

FrameRef JsonSession::HeartbeatFrame() {
  return shard().HeartbeatFrame(WireFormat::kWebSocketJson, JsonCursor);
}

std::string JsonSession::GapFrame(GapReason reason, std::string_view requested,
                                  const Cursor& resume_at) {
  return JsonGap(reason, requested, resume_at);
}

std::string JsonSession::ClosingFrame(DisconnectReason reason) { return JsonClosing(reason); }

}  // namespace sluice::edge
