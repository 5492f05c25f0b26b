#pragma once

#include <grpcpp/support/status.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace sluice::gateway {

// What became of an event, as the metric `result` names it. A closed set.
enum class PublishOutcome : uint8_t {
  kOk,
  kDuplicate,
  kInvalidArgument,
  kResourceExhausted,
  kUnavailable,
  kDeadlineExceeded,
  kUnauthenticated,
  kPermissionDenied,
  kInternal,
};
inline constexpr std::array<std::string_view, 9> kPublishOutcomeNames = {
    "ok",          "duplicate",         "invalid_argument", "resource_exhausted",
    "unavailable", "deadline_exceeded", "unauthenticated",  "permission_denied",
    "internal"};

// How publishing can fail, in the three languages that say so. Thread: any.
struct PublishFailure {
  absl::StatusCode code;
  grpc::StatusCode rpc_code;
  PublishOutcome outcome;
};

// The failure that `status` (not OK) stands for; for a code that neither the gateway nor the log
// should produce, INTERNAL.
const PublishFailure& FailureOf(const absl::Status& status);

// `status` (not OK) as a call ends with it: code by the table above, message, and the details that
// the status carries. RESOURCE_EXHAUSTED always carries a google.rpc.RetryInfo.
grpc::Status ToGrpcStatus(const absl::Status& status);

// INVALID_ARGUMENT with a google.rpc.BadRequest that names `field`, a path such as `event.type`.
absl::Status FieldViolation(std::string_view field, absl::string_view description);

}  // namespace sluice::gateway
