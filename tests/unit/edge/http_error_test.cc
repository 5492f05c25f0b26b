#include "edge/http/http_error.h"

#include <set>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace sluice::edge {
namespace {

TEST(HttpErrorTest, EveryKindHasItsStatusAndCode) {
  const struct {
    HttpErrorKind kind;
    int status;
    std::string_view code;
  } rows[] = {
      {HttpErrorKind::kBadRequest, 400, "bad_request"},
      {HttpErrorKind::kUnauthenticated, 401, "unauthenticated"},
      {HttpErrorKind::kForbidden, 403, "forbidden"},
      {HttpErrorKind::kNotFound, 404, "not_found"},
      {HttpErrorKind::kMethodNotAllowed, 405, "method_not_allowed"},
      {HttpErrorKind::kTimeout, 408, "timeout"},
      {HttpErrorKind::kLengthRequired, 411, "length_required"},
      {HttpErrorKind::kBodyTooLarge, 413, "body_too_large"},
      {HttpErrorKind::kTargetTooLong, 414, "target_too_long"},
      {HttpErrorKind::kExpectation, 417, "expectation_failed"},
      {HttpErrorKind::kUpgradeRequired, 426, "upgrade_required"},
      {HttpErrorKind::kHeadTooLarge, 431, "head_too_large"},
      {HttpErrorKind::kInternal, 500, "internal"},
      {HttpErrorKind::kUnavailable, 503, "unavailable"},
      {HttpErrorKind::kVersion, 505, "http_version"},
  };
  static_assert(std::size(rows) == kHttpErrorKinds);
  std::set<std::string_view> codes;
  for (const auto& [kind, status, code] : rows) {
    EXPECT_EQ(StatusOf(kind), status);
    EXPECT_EQ(CodeOf(kind), code);
    EXPECT_FALSE(ReasonPhrase(status).empty()) << status;
    codes.insert(code);
  }
  EXPECT_EQ(codes.size(), kHttpErrorKinds);
}

TEST(HttpErrorTest, TheBodyIsJsonWhateverTheMessageHolds) {
  EXPECT_EQ(ErrorBody({HttpErrorKind::kNotFound, "nothing here"}),
            "{\"error\":{\"code\":\"not_found\",\"message\":\"nothing here\"}}\n");
  EXPECT_EQ(ErrorBody({HttpErrorKind::kBadRequest, "a\"b\\\n\xFF"}),
            "{\"error\":{\"code\":\"bad_request\",\"message\":\"a\\\"b\\\\\\n\xEF\xBF\xBD\"}}\n");
}

TEST(HttpErrorTest, TranslatesStatusesAndKeepsInnerOnesToItself) {
  EXPECT_EQ(FromStatus(absl::InvalidArgumentError("a")).kind, HttpErrorKind::kBadRequest);
  EXPECT_EQ(FromStatus(absl::UnauthenticatedError("a")).kind, HttpErrorKind::kUnauthenticated);
  EXPECT_EQ(FromStatus(absl::PermissionDeniedError("a")).kind, HttpErrorKind::kForbidden);
  EXPECT_EQ(FromStatus(absl::PermissionDeniedError("why")).message, "why");
  EXPECT_EQ(FromStatus(absl::UnavailableError("secret")).kind, HttpErrorKind::kInternal);
  EXPECT_EQ(FromStatus(absl::UnavailableError("secret")).message, "internal error");
}

}  // namespace
}  // namespace sluice::edge
