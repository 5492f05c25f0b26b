// POST /v1/token: a running stream gets a new token. A part of HttpConnection.
#include <chrono>
#include <optional>
#include <string>

#include "edge/auth/json_object.h"
#include "edge/engine/shard.h"
#include "edge/http/http_connection.h"
#include "edge/http/response.h"

namespace sluice::edge {
namespace {

HttpError ToHttpError(RenewalResult result) {
  switch (result) {
    case RenewalResult::kRenewed:
      break;
    case RenewalResult::kNoSession:
      return {HttpErrorKind::kNotFound, "this user has no such connection"};
    case RenewalResult::kNotGranted:
      return {HttpErrorKind::kForbidden, "the token does not grant what the stream follows"};
    case RenewalResult::kRevoked:
      return {HttpErrorKind::kUnauthenticated, "the token has been revoked"};
    case RenewalResult::kUnreachable:
      return {HttpErrorKind::kUnavailable, "the edge of this connection does not answer"};
  }
  return {HttpErrorKind::kInternal, "no error"};
}

HttpResponse RenewalAnswer(RenewalResult result, WallTime expires) {
  if (result != RenewalResult::kRenewed) {
    const HttpError error = ToHttpError(result);
    return {.status = StatusOf(error.kind),
            .content_type = "application/json",
            .body = ErrorBody(error),
            .headers = {}};
  }
  std::string body = R"({"expires":)";
  const auto seconds = std::chrono::floor<std::chrono::seconds>(expires.time_since_epoch());
  body += expires == WallTime::max() ? "null" : std::to_string(seconds.count());
  return {.status = 200, .content_type = "application/json", .body = body + "}", .headers = {}};
}

}  // namespace

void HttpConnection::HandleToken(std::string_view body) {
  const OriginPolicy::Verdict verdict = JudgeOrigin();
  if (verdict == OriginPolicy::Verdict::kForeign) {
    return Refuse({HttpErrorKind::kForbidden, "this origin is not allowed"});
  }
  EdgeContext& context = shard_.context();
  const Authentication who = Authenticate(verdict);
  if (const auto* refusal = std::get_if<AuthRefusal>(&who)) return RefuseCaller(*refusal);
  const std::optional<boost::json::object> object = ParseStrictObject(body);
  const std::optional<std::string> text =
      object ? StringMember(*object, "connectionId") : std::nullopt;
  const std::optional<ConnectionId> connection = text ? ConnectionId::Parse(*text) : std::nullopt;
  if (!connection) {
    return RefuseReadably({HttpErrorKind::kBadRequest,
                           R"(the body must be {"connectionId":"what `connected` said"})"});
  }
  phase_ = Phase::kRoute;
  ArmDeadline();
  const auto& identity = std::get<Identity>(who);
  const bool is_allowed = verdict == OriginPolicy::Verdict::kAllowed;
  context.renew(
      {*connection, identity},
      [respond = RespondThrough(&shard_.mailbox(), fd(), id()), expires = identity.expires,
       origin = is_allowed ? head_.Value("Origin") : ""](RenewalResult result) {
        HttpResponse response = RenewalAnswer(result, expires);
        if (!origin.empty()) {
          response.headers.emplace_back("Access-Control-Allow-Origin", origin);
          response.headers.emplace_back("Access-Control-Allow-Credentials", "true");
        }
        respond(std::move(response));
      });
}

}  // namespace sluice::edge
