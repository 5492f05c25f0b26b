#include "edge/http/response.h"

#include <memory>
#include <utility>

#include "edge/http/http_date.h"
#include "edge/http/http_error.h"

namespace sluice::edge {
namespace {

// Answers once, at the latest when the last copy of the route's callback goes.
class PendingAnswer {
 public:
  PendingAnswer(Mailbox* mailbox, int fd, uint64_t id) : mailbox_(mailbox), fd_(fd), id_(id) {}
  ~PendingAnswer() {
    const HttpError error{HttpErrorKind::kInternal, "the request was dropped"};
    Answer({.status = StatusOf(error.kind),
            .content_type = "application/json",
            .body = ErrorBody(error),
            .headers = {}});
  }
  PendingAnswer(const PendingAnswer&) = delete;
  PendingAnswer& operator=(const PendingAnswer&) = delete;

  void Answer(HttpResponse response) {
    Mailbox* mailbox = std::exchange(mailbox_, nullptr);
    if (mailbox != nullptr) mailbox->Post(RouteAnswer{fd_, id_, std::move(response)});
  }

 private:
  Mailbox* mailbox_;  // null once answered
  const int fd_;
  const uint64_t id_;
};

}  // namespace

std::string FormatResponse(const HttpResponse& response, const ResponseForm& form) {
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + ' ';
  out += ReasonPhrase(response.status);
  out += "\r\nDate: " + HttpDate(form.date);
  out += "\r\nVary: Origin\r\nX-Content-Type-Options: nosniff\r\n";
  if (response.status == 401) out += "WWW-Authenticate: Bearer\r\n";
  if (response.status != 204 && response.status != 304) {
    out += "Content-Type: " + response.content_type + "\r\n";
    out += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  }
  if (response.status >= 400) out += "Cache-Control: no-store\r\n";
  for (const auto& [name, value] : response.headers) {
    out.append(name).append(": ").append(value).append("\r\n");
  }
  out += form.extra_headers;
  out += form.close ? "Connection: close\r\n\r\n" : "Connection: keep-alive\r\n\r\n";
  if (!form.without_body) out += response.body;
  return out;
}

std::string AllowOriginHeaders(std::string_view origin) {
  if (origin.empty()) return "";
  std::string headers = "Access-Control-Allow-Origin: ";
  headers += origin;
  headers += "\r\nAccess-Control-Allow-Credentials: true\r\n";
  return headers;
}

HttpRespond RespondThrough(Mailbox* mailbox, int fd, uint64_t id) {
  // Shared, because std::function copies; it stands for the one answer.
  auto pending = std::make_shared<PendingAnswer>(mailbox, fd, id);
  return [pending](HttpResponse response) { pending->Answer(std::move(response)); };
}

}  // namespace sluice::edge
