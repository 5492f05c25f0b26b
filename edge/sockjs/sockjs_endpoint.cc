// The paths of SockJS, as a part of HttpConnection.
#include <utility>
#include <variant>

#include "edge/engine/shard.h"
#include "edge/http/http_connection.h"
#include "edge/http/response.h"
#include "edge/sockjs/sockjs_codec.h"
#include "edge/sockjs/sockjs_pages.h"
#include "edge/sockjs/sockjs_response.h"
#include "edge/sockjs/sockjs_router.h"
#include "edge/sockjs/sockjs_websocket.h"
#include "edge/websocket/handshake.h"
#include "edge/websocket/json_codec.h"

namespace sluice::edge {
namespace {

HttpResponse AnswerToSend(SockJsAnswer::Kind kind) {
  if (kind == SockJsAnswer::Kind::kDone) return SockJsSent();
  HttpError error{HttpErrorKind::kNotFound, "there is no such session"};
  if (kind == SockJsAnswer::Kind::kFull) {
    error = {HttpErrorKind::kUnavailable, "the session has not taken what was sent before"};
  } else if (kind != SockJsAnswer::Kind::kNoSession) {
    error = {HttpErrorKind::kUnavailable, "the edge of this session does not answer"};
  }
  return {.status = StatusOf(error.kind),
          .content_type = "application/json",
          .body = ErrorBody(error),
          .headers = {}};
}

void AddCors(const std::string& origin, HttpResponse* response) {
  if (origin.empty()) return;
  response->headers.emplace_back("Access-Control-Allow-Origin", origin);
  response->headers.emplace_back("Access-Control-Allow-Credentials", "true");
}

}  // namespace

void HttpConnection::HandleSockJs(const SockJsTarget& target, std::string_view body) {
  const OriginPolicy::Verdict verdict = JudgeOrigin();
  if (head_.method == "OPTIONS") {
    if (verdict == OriginPolicy::Verdict::kForeign) {
      return Refuse({HttpErrorKind::kForbidden, "this origin is not allowed"});
    }
    return Answer(SockJsPreflight(target, head_), CorsHeaders());
  }
  if (head_.method != target.method()) {
    return Refuse({HttpErrorKind::kMethodNotAllowed, head_.method + " is not allowed here"},
                  "Allow: " + AllowedMethods() + "\r\n");
  }
  switch (target.endpoint) {
    case SockJsEndpoint::kGreeting:
    case SockJsEndpoint::kInfo:
    case SockJsEndpoint::kIframe:
    case SockJsEndpoint::kClient:
      return Answer(SockJsPage(target, head_), CorsHeaders());
    case SockJsEndpoint::kXhrSend:
      return SendToSockJs(target, body);
    case SockJsEndpoint::kRawWebSocket:
    case SockJsEndpoint::kWebSocket:
    case SockJsEndpoint::kXhr:
    case SockJsEndpoint::kXhrStreaming:
    case SockJsEndpoint::kEventSource:
      return BeginSockJs(target);
  }
}

void HttpConnection::SendToSockJs(const SockJsTarget& target, std::string_view body) {
  const OriginPolicy::Verdict verdict = JudgeOrigin();
  if (verdict == OriginPolicy::Verdict::kForeign) {
    return Refuse({HttpErrorKind::kForbidden, "this origin is not allowed"});
  }
  const ParsedSockJsMessages parsed = ParseSockJsMessages(body);
  if (!parsed.error.empty()) return Answer(SockJsNotSent(parsed.error), CorsHeaders());
  phase_ = Phase::kRoute;
  ArmDeadline();
  SockJsRequest request{.kind = SockJsRequest::Kind::kSend, .session = target.session};
  request.body = body;
  request.caller = SockJsCaller::Of(head_, Authenticate(verdict));
  const bool is_allowed = verdict == OriginPolicy::Verdict::kAllowed;
  shard_.context().sockjs->Ask(
      std::move(request),
      [respond = RespondThrough(&shard_.mailbox(), fd(), id()),
       origin = is_allowed ? std::string(head_.Value("Origin")) : ""](const SockJsAnswer& answer) {
        HttpResponse response = AnswerToSend(answer.kind);
        AddCors(origin, &response);
        respond(std::move(response));
      });
}

void HttpConnection::BeginSockJs(const SockJsTarget& target) {
  std::optional<WebSocketHandshake> websocket;
  if (target.is_websocket()) {
    ParsedWebSocketHandshake parsed = ParseWebSocketHandshake(head_);
    if (parsed.error) {
      const bool needs_upgrade = parsed.error->kind == HttpErrorKind::kUpgradeRequired;
      return Refuse(*parsed.error, needs_upgrade ? kUpgradeRequiredHeaders : "");
    }
    websocket = std::move(parsed.handshake);
    websocket->is_stomp_path = true;
    if (websocket->subprotocol == kJsonSubprotocol) {
      return Refuse({HttpErrorKind::kBadRequest, "this path speaks STOMP"});
    }
  }
  const OriginPolicy::Verdict verdict = JudgeOrigin();
  if (!websocket && verdict == OriginPolicy::Verdict::kForeign) {
    return Refuse({HttpErrorKind::kForbidden, "this origin is not allowed"});
  }
  const Authentication who = Authenticate(verdict);
  // Without a user id, CONNECT must bring the token.
  std::optional<Identity> identity;
  std::optional<AuthRefusal> refusal;
  if (const auto* refused = std::get_if<AuthRefusal>(&who)) {
    const bool may_follow = verdict != OriginPolicy::Verdict::kForeign &&
                            refused->reason == AuthRefusalReason::kMissing;
    if (may_follow) identity = Identity();
    refusal = *refused;
  } else {
    identity = std::get<Identity>(who);
  }
  if (websocket && !identity) return RefuseCaller(*refusal);
  if (websocket && !input_.empty()) return Drop();  // it did not wait for the answer
  if (target.endpoint == SockJsEndpoint::kRawWebSocket) {
    stream_.identity = *std::move(identity);
    stream_.websocket = std::move(websocket);
    if (shard_.is_caught_up()) return BeginOrTurnAway();
    phase_ = Phase::kAwaitingHead;
    ArmDeadline();
    return shard_.AwaitHead(this);
  }
  phase_ = Phase::kDone;
  if (target.endpoint == SockJsEndpoint::kWebSocket) {
    return BeginSockJsWebSocket(&shard_, TakeSocket(), *identity, *websocket);
  }
  BeginSockJsResponse(&shard_, TakeSocket(),
                      {.endpoint = target.endpoint,
                       .session = target.session,
                       .caller = SockJsCaller::Of(head_, who),
                       .opener = std::move(identity),
                       .refusal = std::move(refusal),
                       .cors = CorsHeaders(),
                       .http_1_0 = head_.http_1_0,
                       .keep_alive = head_.keep_alive && input_.empty()});
}

}  // namespace sluice::edge
