#include "edge/http/http_error.h"

#include <array>

#include "core/json.h"

namespace sluice::edge {
namespace {

struct Row {
  int status;
  std::string_view code;
};
constexpr std::array<Row, kHttpErrorKinds> kTable = {{
    {400, "bad_request"},
    {401, "unauthenticated"},
    {403, "forbidden"},
    {404, "not_found"},
    {405, "method_not_allowed"},
    {408, "timeout"},
    {411, "length_required"},
    {413, "body_too_large"},
    {414, "target_too_long"},
    {417, "expectation_failed"},
    {426, "upgrade_required"},
    {431, "head_too_large"},
    {500, "internal"},
    {503, "unavailable"},
    {505, "http_version"},
}};

}  // namespace

int StatusOf(HttpErrorKind kind) { return kTable[static_cast<size_t>(kind)].status; }
std::string_view CodeOf(HttpErrorKind kind) { return kTable[static_cast<size_t>(kind)].code; }

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 417:
      return "Expectation Failed";
    case 426:
      return "Upgrade Required";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "";
  }
}

std::string ErrorBody(const HttpError& error) {
  std::string body = R"({"error":{"code":")";
  body += CodeOf(error.kind);
  body += R"(","message":)";
  AppendJsonString(error.message, &body);
  body += "}}\n";
  return body;
}

HttpError FromStatus(const absl::Status& status) {
  const std::string message(status.message());
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return {HttpErrorKind::kBadRequest, message};
    case absl::StatusCode::kUnauthenticated:
      return {HttpErrorKind::kUnauthenticated, message};
    case absl::StatusCode::kPermissionDenied:
      return {HttpErrorKind::kForbidden, message};
    default:
      return {HttpErrorKind::kInternal, "internal error"};
  }
}

}  // namespace sluice::edge
