#include "edge/http/request_head.h"

#include <algorithm>
#include <charconv>

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/version.hpp>

// 1.74 (Beast 300) lacks security fixes.
static_assert(BOOST_BEAST_VERSION >= 345);

namespace sluice::edge {
namespace {

namespace http = boost::beast::http;

std::string_view View(boost::beast::string_view text) { return {text.data(), text.size()}; }

HttpError BadRequest(std::string message) {
  return {HttpErrorKind::kBadRequest, std::move(message)};
}

bool IsControl(char c) { return (c >= 0 && c < 0x20) || c == 0x7F; }

// Refuses what a lenient parser would take, line by line.
std::optional<HttpError> CheckLine(std::string_view line, bool first,
                                   const RequestHead::Limits& limits) {
  if (std::any_of(line.begin(), line.end(), [](char c) { return IsControl(c) && c != '\t'; })) {
    return BadRequest("control character in the request head");
  }
  if (first) return std::nullopt;
  if (line[0] == ' ' || line[0] == '\t') return BadRequest("folded header line");
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return BadRequest("header without a name");
  if (line[colon - 1] == ' ' || line[colon - 1] == '\t') {
    return BadRequest("space before the colon of a header");
  }
  if (colon > limits.field_name_bytes) {
    return HttpError{HttpErrorKind::kHeadTooLarge, "a header name is too long"};
  }
  return std::nullopt;
}

std::optional<HttpError> CheckLines(std::string_view bytes, const RequestHead::Limits& limits) {
  size_t lines = 0;
  while (!bytes.empty()) {
    const size_t end = bytes.find("\r\n");
    if (end == std::string_view::npos) return BadRequest("line without CRLF");
    if (end > 0) {
      if (auto error = CheckLine(bytes.substr(0, end), lines == 0, limits)) return error;
    }
    bytes.remove_prefix(end + 2);
    if (++lines > limits.fields + 2) {
      return HttpError{HttpErrorKind::kHeadTooLarge, "too many headers"};
    }
  }
  return std::nullopt;
}

// Takes a target apart. Absolute form (RFC 9112 3.2.2) is cut to its path.
std::optional<HttpError> SplitTarget(std::string_view target, RequestHead* head) {
  bool is_absolute = false;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    target.remove_prefix(std::min(target.find_first_of("/?#", scheme.size()), target.size()));
    is_absolute = true;
    break;
  }
  target = target.substr(0, target.find('#'));
  const size_t question = target.find('?');
  head->path = std::string(target.substr(0, question));
  if (is_absolute && head->path.empty()) head->path = "/";
  if (!head->path.starts_with('/')) return BadRequest("the request target must begin with /");
  if (question != std::string_view::npos) head->query = std::string(target.substr(question + 1));
  return std::nullopt;
}

// Sets how the body is delimited.
std::optional<HttpError> CheckFraming(RequestHead* head) {
  const std::string* length = head->Find("Content-Length");
  if (const std::string* encoding = head->Find("Transfer-Encoding")) {
    if (length != nullptr) return BadRequest("Transfer-Encoding beside Content-Length");
    head->is_chunked = !head->http_1_0 && boost::beast::iequals(*encoding, "chunked") &&
                       !head->Repeated("Transfer-Encoding");
    if (head->is_chunked) return std::nullopt;
    return HttpError{HttpErrorKind::kLengthRequired, "this Transfer-Encoding is not supported"};
  }
  if (length == nullptr) return std::nullopt;
  if (head->Repeated("Content-Length")) return BadRequest("Content-Length is repeated");
  const auto result =
      std::from_chars(length->data(), length->data() + length->size(), head->content_length);
  if (result.ec != std::errc() || result.ptr != length->data() + length->size()) {
    return BadRequest("Content-Length is not a number");
  }
  return std::nullopt;
}

std::optional<HttpError> CheckHost(const RequestHead& head) {
  const std::string* host = head.Find("Host");
  if (head.Repeated("Host")) return BadRequest("Host is repeated");
  if (host == nullptr && !head.http_1_0) return BadRequest("Host is missing");
  // One would be judged, and a proxy might have judged the other.
  if (head.Repeated("Origin")) return BadRequest("Origin is repeated");
  return std::nullopt;
}

}  // namespace

// Moves what Beast parsed into a RequestHead and applies the rules on whole requests.
class RequestHeadParser {
 public:
  static std::optional<HttpError> Parse(std::string_view bytes, const RequestHead::Limits& limits,
                                        RequestHead* head) {
    http::request_parser<http::empty_body> parser;
    parser.header_limit(static_cast<uint32_t>(limits.head_bytes + 1));
    parser.skip(true);
    boost::beast::error_code error;
    parser.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
    if (error == http::error::bad_version) {
      return HttpError{HttpErrorKind::kVersion, "only HTTP/1.0 and HTTP/1.1 are supported"};
    }
    if (error || !parser.is_header_done()) return BadRequest("malformed request head");

    const auto& message = parser.get();
    if (message.version() != 11 && message.version() != 10) {
      return HttpError{HttpErrorKind::kVersion, "only HTTP/1.0 and HTTP/1.1 are supported"};
    }
    head->http_1_0 = message.version() == 10;
    head->keep_alive = message.keep_alive();
    head->method = std::string(View(message.method_string()));
    for (const auto& field : message) {
      head->fields_.push_back(
          {std::string(View(field.name_string())), std::string(View(field.value()))});
    }
    if (auto bad = CheckHost(*head)) return bad;
    if (auto bad = CheckFraming(head)) return bad;
    if (head->method == "CONNECT" || head->method == "TRACE") {
      return HttpError{HttpErrorKind::kMethodNotAllowed, head->method + " is not supported"};
    }
    if (message.target().size() > limits.target_bytes) {
      return HttpError{HttpErrorKind::kTargetTooLong, "the request target is too long"};
    }
    return SplitTarget(View(message.target()), head);
  }
};

size_t FindRequestHead(std::string_view bytes) {
  const size_t end = bytes.find("\r\n\r\n");
  return end == std::string_view::npos ? 0 : end + 4;
}

bool HasBareLineFeed(std::string_view bytes) {
  for (size_t i = bytes.find('\n'); i != std::string_view::npos; i = bytes.find('\n', i + 1)) {
    if (i == 0 || bytes[i - 1] != '\r') return true;
  }
  return false;
}

ParsedRequestHead ParseRequestHead(std::string_view bytes, const RequestHead::Limits& limits) {
  ParsedRequestHead parsed;
  parsed.error = CheckLines(bytes, limits);
  if (!parsed.error) parsed.error = RequestHeadParser::Parse(bytes, limits, &parsed.head);
  return parsed;
}

const std::string* RequestHead::Find(std::string_view name) const {
  for (const Field& field : fields_) {
    if (boost::beast::iequals(field.name, {name.data(), name.size()})) return &field.value;
  }
  return nullptr;
}

std::string_view RequestHead::Value(std::string_view name) const {
  const std::string* value = Find(name);
  return value == nullptr ? std::string_view() : *value;
}

std::string RequestHead::List(std::string_view name) const {
  std::string list;
  for (const Field& field : fields_) {
    if (!boost::beast::iequals(field.name, {name.data(), name.size()})) continue;
    if (!list.empty()) list += ", ";
    list += field.value;
  }
  return list;
}

bool RequestHead::Repeated(std::string_view name) const {
  return std::count_if(fields_.begin(), fields_.end(), [&](const Field& field) {
           return boost::beast::iequals(field.name, {name.data(), name.size()});
         }) > 1;
}

}  // namespace sluice::edge
