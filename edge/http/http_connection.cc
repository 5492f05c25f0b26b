#include "edge/http/http_connection.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "core/check.h"
#include "edge/engine/shard.h"
#include "edge/http/response.h"

namespace sluice::edge {
namespace {

constexpr std::string_view kEventsPath = "/v1/events";
constexpr std::chrono::seconds kAnswerTimeout{30};  // for a route, and for taking the answer
constexpr size_t kMaxPipelinedBytes = 64u << 10;

}  // namespace

HttpConnection::HttpConnection(Shard* shard, FileDescriptor socket)
    : Connection(shard, std::move(socket)) {
  ArmDeadline();
}

void HttpConnection::OnReadable() {
  while (phase_ != Phase::kDone) {
    const auto buffer = shard_.buffer();
    const ssize_t n = recv(fd(), buffer.data(), buffer.size(), 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
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
  if (parsed.error) {
    const bool nowhere = parsed.error->kind == HttpErrorKind::kMethodNotAllowed;
    Refuse(*parsed.error, nowhere ? "Allow: GET, HEAD, POST, OPTIONS\r\n" : "");
  } else if (head_.content_length == 0 || !IsServed()) {
    HandleRequest("");
  } else {
    phase_ = Phase::kBody;
  }
  return length;
}

size_t HttpConnection::TakeBody(std::string_view bytes) {
  const size_t length = head_.content_length;
  if (bytes.size() < length) return 0;
  HandleRequest(bytes.substr(0, length));
  return length;
}

std::optional<HttpError> HttpConnection::CheckBody() const {
  if (head_.Find("Expect") != nullptr) {
    return HttpError{HttpErrorKind::kExpectation, "Expect is not supported"};
  }
  if (head_.content_length == 0 || !IsServed()) return std::nullopt;
  const HttpRoute* route = FindRoute();
  if (route == nullptr || route->max_body_bytes == 0) {
    return HttpError{HttpErrorKind::kBadRequest, "this request takes no body"};
  }
  if (head_.content_length > route->max_body_bytes) {
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
  const bool is_events = head_.path == kEventsPath;
  return (is_events && (head_.method == "GET" || head_.method == "OPTIONS")) ||
         FindRoute() != nullptr;
}

std::string HttpConnection::AllowedMethods() const {
  if (head_.path == kEventsPath) return "GET, OPTIONS";
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

void HttpConnection::HandleRequest(std::string_view body) {
  const bool is_events = head_.path == kEventsPath;
  if (is_events && head_.method == "GET") return HandleEvents();
  if (is_events && head_.method == "OPTIONS") return HandlePreflight();
  if (const HttpRoute* route = FindRoute()) return HandleRoute(*route, body);
  if (const std::string methods = AllowedMethods(); !methods.empty()) {
    return Refuse({HttpErrorKind::kMethodNotAllowed, head_.method + " is not allowed here"},
                  "Allow: " + methods + "\r\n");
  }
  Refuse({HttpErrorKind::kNotFound, "nothing is served at this path"});
}

void HttpConnection::HandleEvents() {
  const OriginPolicy::Verdict verdict = JudgeOrigin();
  EdgeContext& context = shard_.context();
  ParsedStreamRequest parsed = ParseStreamRequest(head_, verdict, *context.authenticator,
                                                  context.options.max_topics_per_session);
  if (parsed.error) {
    const bool allowed = verdict == OriginPolicy::Verdict::kAllowed;
    return Refuse(*parsed.error, AllowOriginHeaders(allowed ? head_.Value("Origin") : ""));
  }
  stream_ = std::move(parsed.request);
  if (CanBeginStream(shard_, stream_)) return BeginOrShed();
  phase_ = Phase::kAwaitingHead;
  ArmDeadline();
  shard_.AwaitHead(this);
}

bool HttpConnection::OnHead() {
  if (!shard_.is_caught_up()) return false;
  // The first answer may be older than this request; the second is not.
  if (!CanBeginStream(shard_, stream_) && ++heads_seen_ < 2) return false;
  phase_ = Phase::kWriting;
  BeginOrShed();
  return true;
}

void HttpConnection::BeginOrShed() {
  // Whatever follows takes the place of `this`, which lives until the end of the turn.
  phase_ = Phase::kDone;
  if (shard_.TakeSessionSlot()) return BeginStream(&shard_, TakeSocket(), stream_);
  Shed();
}

void HttpConnection::Shed() {
  shard_.stats().sessions_shed.Add();
  phase_ = Phase::kWriting;
  close_after_ = true;
  output_ = OverloadAnswer(&shard_, stream_);
  written_ = 0;
  ArmDeadline();
  Flush();
}

void HttpConnection::HandlePreflight() {
  if (JudgeOrigin() != OriginPolicy::Verdict::kAllowed) {
    return Refuse({HttpErrorKind::kForbidden, "this origin is not allowed"});
  }
  HttpResponse response{.status = 204, .content_type = "", .body = "", .headers = {}};
  response.headers.emplace_back("Access-Control-Allow-Methods", "GET");
  response.headers.emplace_back("Access-Control-Allow-Headers",
                                "Authorization, Cache-Control, Last-Event-ID");
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
  output_ = FormatResponse(response, {.close = close_after_,
                                      .without_body = head_.method == "HEAD",
                                      .extra_headers = extra_headers});
  written_ = 0;
  ArmDeadline();
  Flush();
}

void HttpConnection::Flush() {
  while (written_ < output_.size()) {
    const ssize_t n =
        send(fd(), output_.data() + written_, output_.size() - written_, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n < 0) return Drop();
    written_ += static_cast<size_t>(n);
  }
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
      return Shed();
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
