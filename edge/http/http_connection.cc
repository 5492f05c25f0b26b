#include "edge/http/http_connection.h"

#include <cerrno>
#include <utility>

#include "core/check.h"
#include "edge/engine/shard.h"
#include "edge/http/response.h"
#include "edge/sse/sse_endpoint.h"
#include "edge/stomp/stomp_handshake.h"
#include "edge/websocket/websocket_endpoint.h"

namespace sluice::edge {
namespace {

constexpr std::string_view kEventsPath = "/v1/events";
constexpr std::string_view kTokenPath = "/v1/token";
constexpr std::string_view kWebSocketPath = "/v1/ws";
constexpr size_t kMaxRenewalBytes = 1024;
constexpr std::chrono::seconds kAnswerTimeout{30};  // for a route, and for taking the answer
constexpr size_t kMaxPipelinedBytes = 64u << 10;

// What is repeated cannot be trusted, so it counts as absent or, for what grants, as wrong.
Credentials CredentialsOf(const RequestHead& head, OriginPolicy::Verdict verdict) {
  return {
      .authorization = head.Repeated("Authorization") ? "repeated" : head.Value("Authorization"),
      .cookie = head.Value("Cookie"),
      .query = head.query,
      .host = head.Value("Host"),
      .origin = verdict,
      .is_same_origin_fetch = head.Value("Sec-Fetch-Site") == "same-origin"};
}

// What Sluice's own path is asked with, beside OPTIONS; empty: it is none.
std::string_view OwnMethod(std::string_view path) {
  if (path == kEventsPath || path == kWebSocketPath) return "GET";
  if (path == kTokenPath) return "POST";
  const std::optional<SockJsTarget> sockjs = SockJsTarget::Parse(path);
  return sockjs ? sockjs->method() : "";
}

bool IsWebSocketPath(std::string_view path) {
  const std::optional<SockJsTarget> sockjs = SockJsTarget::Parse(path);
  return path == kWebSocketPath || (sockjs && sockjs->is_websocket());
}

}  // namespace

HttpConnection::HttpConnection(Shard* shard, StreamSocket socket)
    : Connection(shard, std::move(socket)) {
  ArmDeadline();
}

void HttpConnection::OnReadable() {
  while (phase_ != Phase::kDone) {
    const auto buffer = shard_.buffer();
    const ssize_t n = socket().Receive(buffer);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n < 0 && errno == EPROTO) shard_.stats().tls_failures.Add();
    if (n <= 0) return Drop();
    const std::string_view bytes(buffer.data(), static_cast<size_t>(n));
    if (input_.empty() && is_reading()) {
      Process(bytes);  // where it lies, without a copy
      continue;
    }
    input_ += bytes;
    if (is_reading()) {
      ProcessKept();
    } else if (input_.size() > kMaxPipelinedBytes) {
      return Drop();
    }
  }
}

void HttpConnection::ProcessKept() {
  const std::string kept = std::exchange(input_, std::string());
  Process(kept);
}

void HttpConnection::Process(std::string_view bytes) {
  while (is_reading() && !bytes.empty()) {
    const size_t used = phase_ == Phase::kHead ? TakeHead(bytes) : TakeBody(bytes);
    if (used == 0) break;
    bytes.remove_prefix(used);
  }
  if (phase_ != Phase::kDone) input_ = std::string(bytes);
}

size_t HttpConnection::TakeHead(std::string_view bytes) {
  // RFC 9112 2.2: an empty line before the request line is to be ignored.
  if (bytes.starts_with("\r\n")) return 2;
  const EdgeOptions& options = shard_.options();
  const size_t length = FindRequestHead(bytes);
  if ((length == 0 ? bytes.size() : length) > options.max_request_head_bytes) {
    RefuseOversizedHead(bytes);
    return 0;
  }
  if (length == 0) {
    if (HasBareLineFeed(bytes)) Refuse({HttpErrorKind::kBadRequest, "line without CRLF"});
    return 0;
  }
  ParsedRequestHead parsed =
      ParseRequestHead(bytes.substr(0, length), {.head_bytes = options.max_request_head_bytes,
                                                 .target_bytes = options.max_request_target_bytes});
  head_ = std::move(parsed.head);
  if (!parsed.error) parsed.error = CheckBody();
  if (!parsed.error && IsWebSocketPath(head_.path) && bytes.size() > length) {
    // What a client says before it has the answer would be lost.
    parsed.error = HttpError{HttpErrorKind::kBadRequest, "octets behind the handshake"};
  }
  if (parsed.error) {
    const bool nowhere = parsed.error->kind == HttpErrorKind::kMethodNotAllowed;
    Refuse(*parsed.error, nowhere ? "Allow: GET, HEAD, POST, OPTIONS\r\n" : "");
  } else if (!head_.has_body() || !IsServed()) {
    HandleRequest("", bytes.size() > length);
  } else {
    phase_ = Phase::kBody;
    if (head_.is_chunked) chunked_ = std::make_unique<ChunkedBody>(MaxBodyBytes());
  }
  return length;
}

size_t HttpConnection::TakeBody(std::string_view bytes) {
  if (head_.is_chunked) return TakeChunks(bytes);
  const size_t length = head_.content_length;
  if (bytes.size() < length) return 0;
  HandleRequest(bytes.substr(0, length), bytes.size() > length);
  return length;
}

size_t HttpConnection::TakeChunks(std::string_view bytes) {
  const size_t used = chunked_->Take(bytes);
  if (chunked_->error()) {
    RefuseReadably(*std::exchange(chunked_, nullptr)->error());
  } else if (chunked_->is_complete()) {
    HandleRequest(std::exchange(chunked_, nullptr)->body(), bytes.size() > used);
  }
  return used;
}

std::optional<HttpError> HttpConnection::CheckBody() const {
  if (head_.Find("Expect") != nullptr) {
    return HttpError{HttpErrorKind::kExpectation, "Expect is not supported"};
  }
  if (!head_.has_body() || !IsServed()) return std::nullopt;
  const size_t limit = MaxBodyBytes();
  if (limit == 0) return HttpError{HttpErrorKind::kBadRequest, "this request takes no body"};
  if (head_.content_length > limit) {
    return HttpError{HttpErrorKind::kBodyTooLarge, "the body is too large"};
  }
  return std::nullopt;
}

void HttpConnection::RefuseOversizedHead(std::string_view bytes) {
  const size_t line = bytes.find("\r\n");
  if (line == std::string_view::npos || line > shard_.options().max_request_target_bytes) {
    return Refuse({HttpErrorKind::kTargetTooLong, "the request target is too long"});
  }
  Refuse({HttpErrorKind::kHeadTooLarge, "the request head is too large"});
}

const HttpRoute* HttpConnection::FindRoute() const {
  const std::string_view method = head_.method == "HEAD" ? "GET" : std::string_view(head_.method);
  for (const HttpRoute& route : shard_.context().routes) {
    if (route.path == head_.path && route.method == method) return &route;
  }
  return nullptr;
}

bool HttpConnection::IsServed() const {
  const std::string_view own = OwnMethod(head_.path);
  return (!own.empty() && (head_.method == own || head_.method == "OPTIONS")) ||
         FindRoute() != nullptr;
}

size_t HttpConnection::MaxBodyBytes() const {
  if (head_.path == kTokenPath && head_.method == "POST") return kMaxRenewalBytes;
  if (head_.method == "POST" && SockJsTarget::Parse(head_.path)) {
    return shard_.options().max_message_bytes;
  }
  const HttpRoute* route = FindRoute();
  return route == nullptr ? 0 : route->max_body_bytes;
}

std::string HttpConnection::AllowedMethods() const {
  if (const std::string_view own = OwnMethod(head_.path); !own.empty()) {
    return std::string(own) + ", OPTIONS";
  }
  std::string methods;
  for (const HttpRoute& route : shard_.context().routes) {
    if (route.path != head_.path) continue;
    if (!methods.empty()) methods += ", ";
    methods += route.method == "GET" ? "GET, HEAD" : route.method;
  }
  return methods;
}

OriginPolicy::Verdict HttpConnection::JudgeOrigin() const {
  return shard_.context().origins.Judge(head_.Value("Origin"), head_.Value("Host"));
}

Authentication HttpConnection::Authenticate(OriginPolicy::Verdict verdict) const {
  return shard_.context().authenticator->Authenticate(CredentialsOf(head_, verdict));
}

std::string HttpConnection::CorsHeaders() const {
  return AllowOriginHeaders(JudgeOrigin() == OriginPolicy::Verdict::kAllowed ? head_.Value("Origin")
                                                                             : "");
}

void HttpConnection::HandleRequest(std::string_view body, bool is_followed) {
  if (const auto sockjs = SockJsTarget::Parse(head_.path)) {
    // A response that receives takes the socket without what is behind its request.
    if (is_followed) head_.keep_alive = false;
    return HandleSockJs(*sockjs, body);
  }
  if (const std::string_view own = OwnMethod(head_.path); !own.empty()) {
    if (head_.method == "OPTIONS") return HandlePreflight(own);
    if (head_.method == own) return own == "GET" ? HandleStream() : HandleToken(body);
  }
  if (const HttpRoute* route = FindRoute()) return HandleRoute(*route, body);
  if (const std::string methods = AllowedMethods(); !methods.empty()) {
    return Refuse({HttpErrorKind::kMethodNotAllowed, head_.method + " is not allowed here"},
                  "Allow: " + methods + "\r\n");
  }
  Refuse({HttpErrorKind::kNotFound, "nothing is served at this path"});
}

void HttpConnection::HandleStream() {
  std::optional<WebSocketHandshake> websocket;
  if (head_.path == kWebSocketPath) {
    ParsedWebSocketHandshake parsed = ParseWebSocketHandshake(head_);
    if (parsed.error) {
      const bool needs_upgrade = parsed.error->kind == HttpErrorKind::kUpgradeRequired;
      return Refuse(*parsed.error, needs_upgrade ? kUpgradeRequiredHeaders : "");
    }
    websocket = std::move(parsed.handshake);
  }
  const OriginPolicy::Verdict verdict = JudgeOrigin();
  EdgeContext& context = shard_.context();
  const Authentication who = Authenticate(verdict);
  const bool is_stomp = websocket && websocket->is_stomp();
  Identity identity;  // nobody's yet: STOMP's CONNECT may bring the token
  if (const auto* refusal = std::get_if<AuthRefusal>(&who)) {
    const bool may_follow = is_stomp && verdict != OriginPolicy::Verdict::kForeign &&
                            refusal->reason == AuthRefusalReason::kMissing;
    if (!may_follow) return RefuseCaller(*refusal);
  } else {
    identity = std::get<Identity>(who);
  }
  ParsedStreamRequest parsed =
      ParseStreamRequest(head_, verdict, identity, context.options.max_topics_per_session);
  if (parsed.error) return RefuseReadably(*parsed.error);
  stream_ = std::move(parsed.request);
  stream_.websocket = std::move(websocket);
  if (CanBeginStream(shard_, stream_)) return BeginOrTurnAway();
  phase_ = Phase::kAwaitingHead;
  ArmDeadline();
  shard_.AwaitHead(this);
}

void HttpConnection::RefuseCaller(const AuthRefusal& refusal) {
  shard_.stats().auth_failures[static_cast<size_t>(refusal.reason)].Add();
  RefuseReadably(ToHttpError(refusal));
}

void HttpConnection::RefuseReadably(const HttpError& error) { Refuse(error, CorsHeaders()); }

bool HttpConnection::OnHead() {
  if (!shard_.is_caught_up()) return false;
  // The first answer may be older than this request; the second is not.
  if (!CanBeginStream(shard_, stream_) && ++heads_seen_ < 2) return false;
  phase_ = Phase::kWriting;
  BeginOrTurnAway();
  return true;
}

void HttpConnection::BeginOrTurnAway() {
  if (stream_.websocket && !input_.empty()) return Drop();  // it did not wait for the answer
  // Whatever follows takes the place of `this`, which lives until the end of the turn.
  phase_ = Phase::kDone;
  if (stream_.websocket && stream_.websocket->is_stomp()) {
    return BeginStompHandshake(&shard_, TakeSocket(), stream_.identity, *stream_.websocket);
  }
  switch (Admit(&shard_, stream_.identity)) {
    case Admission::kGranted:
      break;
    case Admission::kDraining:
      return TurnAway(DisconnectReason::kDrain);
    case Admission::kNoRoom:
      return TurnAway(DisconnectReason::kOverload);
    case Admission::kRevoked:
      return RefuseCaller({AuthRefusalReason::kRevoked, "the token has been revoked"});
  }
  const auto begin = stream_.websocket ? BeginWebSocketStream : BeginSseStream;
  begin(&shard_, TakeSocket(), stream_);
}

void HttpConnection::TurnAway(DisconnectReason reason) {
  shard_.stats().sessions_shed.Add();
  phase_ = Phase::kWriting;
  close_after_ = true;
  const auto answer = stream_.websocket ? WebSocketTurnAwayAnswer : SseTurnAwayAnswer;
  output_ = answer(&shard_, stream_, reason);
  written_ = 0;
  ArmDeadline();
  Flush();
}

void HttpConnection::HandlePreflight(std::string_view method) {
  if (JudgeOrigin() != OriginPolicy::Verdict::kAllowed) {
    return Refuse({HttpErrorKind::kForbidden, "this origin is not allowed"});
  }
  HttpResponse response{.status = 204, .content_type = "", .body = "", .headers = {}};
  response.headers.emplace_back("Access-Control-Allow-Methods", method);
  response.headers.emplace_back("Access-Control-Allow-Headers",
                                method == "GET" ? "Authorization, Cache-Control, Last-Event-ID"
                                                : "Authorization, Content-Type");
  response.headers.emplace_back("Access-Control-Max-Age", "7200");
  Answer(response, AllowOriginHeaders(head_.Value("Origin")));
}

void HttpConnection::HandleRoute(const HttpRoute& route, std::string_view body) {
  phase_ = Phase::kRoute;
  ArmDeadline();
  const HttpRequest request{.method = head_.method,
                            .path = head_.path,
                            .query = head_.query,
                            .host = head_.Value("Host"),
                            .origin = head_.Value("Origin"),
                            .body = body};
  route.handler(request, RespondThrough(&shard_.mailbox(), fd(), id()));
}

void HttpConnection::OnRouteAnswer(const HttpResponse& response) {
  if (phase_ != Phase::kRoute) return;
  Answer(response);
  if (is_reading() && !input_.empty()) ProcessKept();
}

void HttpConnection::Refuse(const HttpError& error, std::string_view extra_headers) {
  shard_.stats().handshakes_rejected[static_cast<size_t>(error.kind)].Add();
  // After a malformed or oversized head nobody knows where the next request begins.
  close_after_ = true;
  Answer({.status = StatusOf(error.kind),
          .content_type = "application/json",
          .body = ErrorBody(error),
          .headers = {}},
         extra_headers);
}

void HttpConnection::Answer(const HttpResponse& response, std::string_view extra_headers) {
  if (!head_.keep_alive) close_after_ = true;
  phase_ = Phase::kWriting;
  output_ = FormatResponse(response, {.date = shard_.context().clock->Wall(),
                                      .close = close_after_,
                                      .without_body = head_.method == "HEAD",
                                      .extra_headers = extra_headers});
  written_ = 0;
  ArmDeadline();
  Flush();
}

void HttpConnection::Flush() {
  while (written_ < output_.size()) {
    const ssize_t n = socket().Send(std::string_view(output_).substr(written_));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n < 0) return Drop();
    written_ += static_cast<size_t>(n);
  }
  if (!socket().Flush()) return;
  AfterAnswer();
}

void HttpConnection::AfterAnswer() {
  if (close_after_) {
    phase_ = Phase::kDone;
    return shard_.Linger(TakeSocket());
  }
  output_ = std::string();
  phase_ = Phase::kHead;
  head_ = RequestHead();
  ArmDeadline();
}

void HttpConnection::OnWritable() {
  if (phase_ == Phase::kHead && socket().is_tls()) return OnReadable();  // the handshake goes on
  if (phase_ != Phase::kWriting) return;
  Flush();
  if (is_reading() && !input_.empty()) ProcessKept();
}

void HttpConnection::Drop() {
  if (phase_ == Phase::kAwaitingHead) shard_.StopAwaitingHead(this);
  phase_ = Phase::kDone;
  shard_.Remove(this);
}

void HttpConnection::ArmDeadline() {
  std::chrono::milliseconds limit = shard_.options().request_head_timeout;
  if (phase_ == Phase::kRoute || phase_ == Phase::kWriting) limit = kAnswerTimeout;
  shard_.wheel().Set(this, TimerWheel::Ticks(limit));
}

void HttpConnection::OnDeadline() {
  switch (phase_) {
    case Phase::kHead:
      // Nothing of a request has come: an idle connection, closed without a word.
      if (input_.empty()) return Drop();
      [[fallthrough]];
    case Phase::kBody:
      return Refuse({HttpErrorKind::kTimeout, "the request took too long"});
    case Phase::kRoute:
      return Refuse({HttpErrorKind::kInternal, "no answer in time"});
    case Phase::kAwaitingHead:
      shard_.StopAwaitingHead(this);
      return TurnAway(DisconnectReason::kOverload);
    case Phase::kWriting:
      return Drop();
    case Phase::kDone:
      return;
  }
}

void HttpConnection::OnStop() {
  if (phase_ == Phase::kRoute || phase_ == Phase::kWriting) {
    close_after_ = true;
  } else if (phase_ != Phase::kDone) {
    Drop();
  }
}

}  // namespace sluice::edge
