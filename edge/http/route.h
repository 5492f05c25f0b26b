#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::edge {

// A request as a route sees it; borrowed for the length of the call. Thread: shard.
struct HttpRequest {
  std::string_view method;
  std::string_view path;    // without the query, not decoded
  std::string_view query;   // without the '?', not decoded
  std::string_view host;    // header, empty if absent
  std::string_view origin;  // header, empty if absent
  std::string_view body;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // beside the ones above
};

// Answers one request; may be called from any thread, at once or later, at most once. Dropping it
// uncalled answers 500.
using HttpRespond = std::function<void(HttpResponse)>;

// A path that the edge serves beside its own, such as a page. Requests are only accepted with a
// Content-Length of at most `max_body_bytes`. Thread: the handler is called on any shard.
struct HttpRoute {
  std::string method;  // "GET" also answers HEAD
  std::string path;    // exact
  size_t max_body_bytes = 0;
  std::function<void(const HttpRequest&, HttpRespond)> handler;
};

}  // namespace sluice::edge
