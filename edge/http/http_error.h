#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace sluice::edge {

// Everything for which a request is refused before a stream begins. The table in http_error.cc says
// the status and the `code` of each; the code is also the metric label.
enum class HttpErrorKind : uint8_t {
  kBadRequest,
  kUnauthenticated,
  kForbidden,
  kNotFound,
  kMethodNotAllowed,
  kTimeout,
  kLengthRequired,
  kBodyTooLarge,
  kTargetTooLong,
  kExpectation,
  kUpgradeRequired,
  kHeadTooLarge,
  kInternal,
  kUnavailable,
  kVersion,
};
inline constexpr size_t kHttpErrorKinds = 15;

struct HttpError {
  HttpErrorKind kind;
  std::string message;  // for people; goes to the client
};

int StatusOf(HttpErrorKind kind);
std::string_view CodeOf(HttpErrorKind kind);
// The standard phrase of a status line.
std::string_view ReasonPhrase(int status);
// The body: {"error":{"code":"...","message":"..."}}
std::string ErrorBody(const HttpError& error);
// How a refusal of the authenticator or a validation is answered.
HttpError FromStatus(const absl::Status& status);

}  // namespace sluice::edge
