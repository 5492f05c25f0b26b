#include "edge/inbound/send_result.h"

namespace sluice::edge {

SendResult SendResultOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return SendResult::kOk;
    case absl::StatusCode::kInvalidArgument:
      return SendResult::kBadRequest;
    case absl::StatusCode::kPermissionDenied:
      return SendResult::kForbidden;
    case absl::StatusCode::kNotFound:
      return SendResult::kNotFound;
    case absl::StatusCode::kResourceExhausted:
      return SendResult::kOverloaded;
    default:
      return SendResult::kUnavailable;
  }
}

}  // namespace sluice::edge
