#include "edge/sockjs/sockjs_pages.h"

#include <random>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "edge/sockjs/sockjs_client.h"

namespace sluice::edge {
namespace {

constexpr std::string_view kPlainText = "text/plain; charset=UTF-8";
constexpr std::string_view kForAYear = "public, max-age=31536000";
constexpr std::string_view kNever = "no-store, no-cache, no-transform, must-revalidate, max-age=0";
constexpr size_t kMaxEchoedBytes = 512;

// For pages whose browser has neither CORS nor WebSocket.
constexpr std::string_view kIframe = R"(<!DOCTYPE html>
<html>
<head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
  <script src="sockjs-1.6.1.min.js"></script>
  <script>
    document.domain = document.domain;
    SockJS.bootstrap_iframe();
  </script>
</head>
<body>
  <h2>Don't panic!</h2>
  <p>This is a SockJS hidden iframe. It's used for cross domain magic.</p>
</body>
</html>
)";
constexpr std::string_view kIframeTag = R"("sluice-1-sockjs-1.6.1")";  // changes with the page

HttpResponse Iframe(const RequestHead& head) {
  HttpResponse page{
      .status = 200,
      .content_type = "text/html; charset=UTF-8",
      .body = std::string(kIframe),
      .headers = {{"Cache-Control", std::string(kForAYear)}, {"ETag", std::string(kIframeTag)}}};
  if (head.Value("If-None-Match") == kIframeTag) {
    page.status = 304;
    page.body.clear();
  }
  return page;
}

HttpResponse Client() {
  return {.status = 200,
          .content_type = "text/javascript; charset=UTF-8",
          .body = std::string(SockJsClientScript()),
          .headers = {{"Cache-Control", std::string(kForAYear)}}};
}

HttpResponse Info() {
  thread_local std::mt19937 random{std::random_device()()};
  return {
      .status = 200,
      .content_type = "application/json; charset=UTF-8",
      .body = absl::StrCat(
          R"({"websocket":true,"origins":["*:*"],"cookie_needed":false,"entropy":)", random(), "}"),
      .headers = {{"Cache-Control", std::string(kNever)}}};
}

// A list of header names; nothing else is sent back.
bool IsNameList(std::string_view text) {
  if (text.empty() || text.size() > kMaxEchoedBytes) return false;
  for (const char c : text) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_' && c != ',' &&
        c != ' ') {
      return false;
    }
  }
  return true;
}

}  // namespace

HttpResponse SockJsPage(const SockJsTarget& target, const RequestHead& head) {
  if (target.endpoint == SockJsEndpoint::kInfo) return Info();
  if (target.endpoint == SockJsEndpoint::kIframe) return Iframe(head);
  if (target.endpoint == SockJsEndpoint::kClient) return Client();
  return {.status = 200,
          .content_type = std::string(kPlainText),
          .body = "Welcome to SockJS!\n",
          .headers = {}};
}

HttpResponse SockJsPreflight(const SockJsTarget& target, const RequestHead& head) {
  HttpResponse response{.status = 204, .content_type = "", .body = "", .headers = {}};
  response.headers.emplace_back("Cache-Control", kForAYear);
  response.headers.emplace_back("Access-Control-Allow-Methods",
                                absl::StrCat("OPTIONS, ", std::string(target.method())));
  response.headers.emplace_back("Access-Control-Max-Age", "31536000");
  const std::string_view names = head.Value("Access-Control-Request-Headers");
  if (IsNameList(names)) response.headers.emplace_back("Access-Control-Allow-Headers", names);
  return response;
}

HttpResponse SockJsSent() {
  return {.status = 204,
          .content_type = "",
          .body = "",
          .headers = {{"Content-Type", std::string(kPlainText)},
                      {"Cache-Control", std::string(kNever)}}};
}

HttpResponse SockJsNotSent(std::string_view why) {
  return {.status = 500,
          .content_type = std::string(kPlainText),
          .body = std::string(why),
          .headers = {}};
}

}  // namespace sluice::edge
