#include "edge/sockjs/sockjs_response.h"

#include <cerrno>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "edge/engine/shard.h"
#include "edge/http/http_connection.h"
#include "edge/http/http_date.h"
#include "edge/http/response.h"

namespace sluice::edge {
namespace {

constexpr size_t kPreludeBytes = 2048;  // some browsers hold back the first of a stream

SockJsRequest FirstPoll(const SockJsResponse::Parts& parts) {
  return {.kind = SockJsRequest::Kind::kPoll,
          .session = parts.session,
          .is_once = parts.endpoint == SockJsEndpoint::kXhr,
          .caller = parts.caller,
          .opener = parts.opener};
}

}  // namespace

void BeginSockJsResponse(Shard* shard, StreamSocket socket, SockJsResponse::Parts parts) {
  auto owned = std::make_unique<SockJsResponse>(shard, std::move(socket), std::move(parts));
  SockJsResponse& response = *owned;
  response.Begin(std::move(owned));
}

SockJsResponse::SockJsResponse(Shard* shard, StreamSocket socket, Parts parts)
    : SockJsStream(shard, std::move(socket), FirstPoll(parts)), parts_(std::move(parts)) {}

void SockJsResponse::OnReadable() {
  while (!is_done()) {
    const auto buffer = shard_.buffer();
    const ssize_t n = socket().Receive(buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) return Drop();
    // The next request before the answer to this: whoever sent it sends it again.
    if (!std::exchange(parts_.keep_alive, false)) return Drop();
  }
}

std::string SockJsResponse::Head(size_t body_bytes) const {
  std::string head = "HTTP/1.1 200 OK\r\nDate: " + HttpDate(shard_.context().clock->Wall());
  head += parts_.endpoint == SockJsEndpoint::kEventSource
              ? "\r\nContent-Type: text/event-stream; charset=UTF-8\r\n"
              : "\r\nContent-Type: application/javascript; charset=UTF-8\r\n";
  head +=
      "Cache-Control: no-store, no-cache, no-transform, must-revalidate, max-age=0\r\n"
      "X-Accel-Buffering: no\r\nX-Content-Type-Options: nosniff\r\nVary: Origin\r\n";
  head += parts_.cors;
  if (is_chunked()) head += "Transfer-Encoding: chunked\r\n";
  if (!is_stream()) absl::StrAppend(&head, "Content-Length: ", body_bytes, "\r\n");
  head += keeps_connection() ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return head;
}

void SockJsResponse::AppendPrelude(std::string* out) {
  if (std::exchange(has_begun_, true)) return;
  *out += Head(0);
  if (parts_.endpoint == SockJsEndpoint::kEventSource) return AppendBody("\r\n", out);
  AppendBody(std::string(kPreludeBytes, 'h') + '\n', out);
}

void SockJsResponse::AppendBody(std::string_view octets, std::string* out) {
  if (is_chunked()) absl::StrAppend(out, absl::Hex(octets.size()), "\r\n");
  *out += octets;
  if (is_chunked()) *out += "\r\n";
}

void SockJsResponse::AppendFrame(std::string_view frame, std::string* out) {
  body_bytes_ += frame.size();
  std::string octets;
  octets.reserve(frame.size() + 16);
  if (parts_.endpoint == SockJsEndpoint::kEventSource) {
    octets.append("data: ").append(frame).append("\r\n\r\n");
  } else {
    octets.append(frame).append("\n");
  }
  if (is_stream()) {
    AppendPrelude(out);
  } else {
    *out += Head(octets.size());
  }
  AppendBody(octets, out);
}

void SockJsResponse::AppendNothing(std::string* out) {
  if (is_stream()) AppendPrelude(out);
}

bool SockJsResponse::AppendRefusal(SockJsAnswer::Kind kind, std::string* out) {
  HttpError error{HttpErrorKind::kUnavailable, "there is no room for another session"};
  if (kind == SockJsAnswer::Kind::kNoSession && parts_.refusal) {
    shard_.stats().auth_failures[static_cast<size_t>(parts_.refusal->reason)].Add();
    error = ToHttpError(*parts_.refusal);
  } else if (kind == SockJsAnswer::Kind::kNoSession) {
    error = {HttpErrorKind::kForbidden, "another has opened this session"};
  } else if (kind == SockJsAnswer::Kind::kUnknown) {
    error.message = "the edge of this session does not answer";
  }
  shard_.stats().handshakes_rejected[static_cast<size_t>(error.kind)].Add();
  parts_.keep_alive = false;
  *out += FormatResponse(
      {.status = StatusOf(error.kind),
       .content_type = "application/json",
       .body = ErrorBody(error),
       .headers = {}},
      {.date = shard_.context().clock->Wall(), .close = true, .extra_headers = parts_.cors});
  return true;
}

void SockJsResponse::AppendEnd(std::string* out) {
  if (is_chunked()) *out += "0\r\n\r\n";
}

bool SockJsResponse::is_full() const { return !is_stream() || body_bytes_ >= kStreamBytes; }

std::chrono::milliseconds SockJsResponse::NextWait() const {
  // A stream begins at once, whether there is something for it or not.
  return is_stream() && !has_begun_ ? std::chrono::milliseconds(0) : kWait;
}

void SockJsResponse::AfterEnd() {
  if (!keeps_connection() || shard_.is_stopping()) return shard_.Linger(TakeSocket());
  shard_.Add(std::make_unique<HttpConnection>(&shard_, TakeSocket()));
}

}  // namespace sluice::edge
