#include "edge/websocket/json_session.h"

#include <optional>
#include <utility>

#include "edge/engine/shard.h"
#include "edge/http/http_error.h"
#include "edge/inbound/answer_queue.h"
#include "edge/inbound/send_result.h"
#include "edge/stream_request.h"

namespace sluice::edge {

namespace {

constexpr WebSocketError kTooManyUnanswered{WebSocketCloseCode::kPolicyViolation,
                                            "too many messages without an answer"};
constexpr WebSocketError kIsStomp{WebSocketCloseCode::kProtocolError,
                                  "STOMP needs the subprotocol v12.stomp"};

// A client of STOMP that offers no subprotocol, as Spring's unless it is told, takes the answers of
// this protocol for the beginning of a frame and would wait for its end.
bool IsStompConnect(std::string_view text) {
  const std::string_view command = text.substr(0, text.find_first_of("\r\n"));
  return command.size() < text.size() && (command == "CONNECT" || command == "STOMP");
}

}  // namespace

JsonSession::JsonSession(Shard* shard, StreamSocket socket, const Identity& identity)
    : WebSocketSession(shard, std::move(socket), Protocol::kWebSocket, WireFormat::kWebSocketJson,
                       WebSocketReader({.message_bytes = shard->options().max_message_bytes})),
      topics_(identity.topics),
      sends_(shard, Protocol::kWebSocket, this, identity.publish) {}

JsonSession::~JsonSession() {
  if (held_ != nullptr) shard().StopAwaitingHead(this);
}

void JsonSession::Renewed(const Identity& identity) {
  topics_ = identity.topics;
  sends_.set_publish(identity.publish);
}

void JsonSession::Reply(std::string frames) {
  sends_.Reply([this, frames = std::move(frames)](const absl::Status&) { Say(frames); });
}

void JsonSession::OnText(std::string_view text) {
  if (held_ != nullptr) return Hold(text);
  Handle(text, true);
}

void JsonSession::Handle(std::string_view text, bool may_wait) {
  if (sends_.is_full()) return Fail(kTooManyUnanswered);
  const ParsedJsonRequest parsed = ParseJsonRequest(text);
  if (!parsed.error.empty()) {
    if (IsStompConnect(text)) return Fail(kIsStomp);
    return Reply(JsonError(parsed.request.ref, "bad_request", parsed.error));
  }
  if (!may_wait || !IsAhead(parsed.request)) return OnRequest(parsed.request);
  held_ = std::make_unique<Held>();
  Hold(text);
  shard().AwaitHead(this);
}

void JsonSession::Hold(std::string_view text) {
  held_->bytes += text.size();
  const bool is_room = held_->texts.size() < AnswerQueue::kMaxUnanswered &&
                       held_->bytes <= shard().options().max_message_bytes;
  if (!is_room) return Fail(kTooManyUnanswered);
  held_->texts.emplace_back(text);
}

bool JsonSession::IsAhead(const JsonRequest& request) const {
  if (request.type != "subscribe" || !request.after) return false;
  const std::optional<Cursor> cursor = Cursor::Parse(*request.after);
  const Ring& ring = shard_.ring();
  return cursor && cursor->epoch == ring.epoch() && cursor->sequence > ring.head_sequence();
}

bool JsonSession::OnHead() {
  const bool is_over = has_ended() || is_closing();
  const bool is_ahead = !is_over && IsAhead(ParseJsonRequest(held_->texts.front()).request);
  // The first answer may be older than the question; the second is not.
  if (is_ahead && ++held_->heads_seen < 2) return false;
  const std::unique_ptr<Held> held = std::move(held_);
  for (const std::string& text : held->texts) {
    if (has_ended() || is_closing()) return true;
    if (&text == &held->texts.front()) {
      Handle(text, false);
    } else {
      OnText(text);
    }
  }
  if (!has_ended() && !is_closing()) WriteUnlessBlocked();
  return true;
}

void JsonSession::OnRequest(const JsonRequest& request) {
  if (request.type == "subscribe") return Subscribe(request);
  if (request.type == "unsubscribe") return Unsubscribe(request);
  if (request.type == "token") return TakeToken(request);
  if (request.type == "send") return Send(request);
  Reply(JsonError(request.ref, "bad_request", "the type is none that is known"));
}

void JsonSession::Subscribe(const JsonRequest& request) {
  const absl::Status valid = ValidateChannelName("topic", request.topic);
  if (!valid.ok()) {
    return Reply(
        JsonError(request.ref, "bad_request", {valid.message().data(), valid.message().size()}));
  }
  if (!AnyMatches(topics_, request.topic)) {
    return Reply(JsonError(request.ref, "forbidden", "the topic is not granted"));
  }
  const auto from =
      request.from.empty() ? std::optional(Reader::From::kNow) : ParseFrom(request.from);
  if (!from) {
    return Reply(JsonError(request.ref, "bad_request", "from must be now, earliest or last"));
  }
  if (channel_count() > shard().options().max_topics_per_session) {
    return Reply(JsonError(request.ref, "too_many_topics", "no more topics in one session"));
  }
  if (!Follow(ChannelView::Topic(request.topic))) {
    return Reply(JsonError(request.ref, "already_subscribed", "the topic is followed already"));
  }
  const GapReason gap = StartTopic(request, *from);
  Reply(JsonOk(request.ref));
  if (gap == GapReason::kNone) return;
  shard().stats().gaps[static_cast<size_t>(gap)].Add();
  Reply(JsonGap(gap, *request.after, shard().ring().head(), request.topic));
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
  if (Unfollow(ChannelView::Topic(request.topic))) return Reply(JsonOk(request.ref));
  Reply(JsonError(request.ref, "not_found", "the topic is not followed"));
}

void JsonSession::TakeToken(const JsonRequest& request) {
  const Authenticator& authenticator = *shard().context().authenticator;
  if (!authenticator.takes_tokens()) {
    return Reply(
        JsonError(request.ref, "forbidden", "tokens are not used here: the query named the user"));
  }
  const std::string bearer = "Bearer " + request.token;
  Credentials credentials;
  credentials.authorization = bearer;
  const Authentication who = authenticator.Authenticate(credentials);
  if (const auto* refusal = std::get_if<AuthRefusal>(&who)) {
    shard().stats().auth_failures[static_cast<size_t>(refusal->reason)].Add();
    const HttpError error = ToHttpError(*refusal);
    return Reply(JsonError(request.ref, CodeOf(error.kind), error.message));
  }
  const auto& identity = std::get<Identity>(who);
  switch (Renew(identity)) {
    case RenewalResult::kRenewed:
      return Reply(JsonOk(request.ref));
    case RenewalResult::kNotGranted:
      return Reply(
          JsonError(request.ref, "forbidden", "the token does not grant what the stream follows"));
    case RenewalResult::kRevoked:
      return Reply(JsonError(request.ref, "unauthenticated", "the token has been revoked"));
    case RenewalResult::kNoSession:
    case RenewalResult::kUnreachable:
      return Reply(JsonError(request.ref, "forbidden", "the token is another user's"));
  }
}

void JsonSession::Send(const JsonRequest& request) {
  sends_.Send({.destination = request.destination, .data = request.data, .type = request.event},
              channel(0).name, id(), [this, ref = request.ref](const absl::Status& status) {
                if (status.ok()) return Say(JsonOk(ref));
                const auto result = static_cast<size_t>(SendResultOf(status));
                Say(JsonError(ref, kSendResultLabels[result],
                              {status.message().data(), status.message().size()}));
              });
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
