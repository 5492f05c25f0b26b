#include "gateway/rpc_status.h"

#include <google/protobuf/util/time_util.h>

#include <chrono>
#include <string>

#include "absl/strings/cord.h"
#include "core/check.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace sluice::gateway {
namespace {

constexpr std::string_view kTypeUrl = "type.googleapis.com/";

// Long enough for what is in flight to be answered, short enough not to be felt.
constexpr std::chrono::milliseconds kRetryDelay(100);

// The last row stands for every other code.
constexpr std::array<PublishFailure, 8> kFailures = {{
    {absl::StatusCode::kInvalidArgument, grpc::StatusCode::INVALID_ARGUMENT,
     PublishOutcome::kInvalidArgument},
    {absl::StatusCode::kResourceExhausted, grpc::StatusCode::RESOURCE_EXHAUSTED,
     PublishOutcome::kResourceExhausted},
    {absl::StatusCode::kUnavailable, grpc::StatusCode::UNAVAILABLE, PublishOutcome::kUnavailable},
    {absl::StatusCode::kDeadlineExceeded, grpc::StatusCode::DEADLINE_EXCEEDED,
     PublishOutcome::kDeadlineExceeded},
    {absl::StatusCode::kUnauthenticated, grpc::StatusCode::UNAUTHENTICATED,
     PublishOutcome::kUnauthenticated},
    {absl::StatusCode::kPermissionDenied, grpc::StatusCode::PERMISSION_DENIED,
     PublishOutcome::kPermissionDenied},
    // Of Receive alone: publishing has no such failure.
    {absl::StatusCode::kFailedPrecondition, grpc::StatusCode::FAILED_PRECONDITION,
     PublishOutcome::kInternal},
    {absl::StatusCode::kInternal, grpc::StatusCode::INTERNAL, PublishOutcome::kInternal},
}};

template <typename Detail>
std::string TypeUrl() {
  return std::string(kTypeUrl) + Detail::descriptor()->full_name();
}

google::rpc::RetryInfo RetryAfter(std::chrono::milliseconds delay) {
  google::rpc::RetryInfo info;
  *info.mutable_retry_delay() =
      google::protobuf::util::TimeUtil::MillisecondsToDuration(delay.count());
  return info;
}

}  // namespace

const PublishFailure& FailureOf(const absl::Status& status) {
  SLUICE_DCHECK(!status.ok());
  for (const PublishFailure& failure : kFailures) {
    if (failure.code == status.code()) return failure;
  }
  return kFailures.back();
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  const PublishFailure& failure = FailureOf(status);
  google::rpc::Status rich;
  status.ForEachPayload([&rich](absl::string_view type_url, const absl::Cord& payload) {
    google::protobuf::Any* detail = rich.add_details();
    detail->set_type_url(std::string(type_url));
    detail->set_value(std::string(payload));
  });
  if (failure.rpc_code == grpc::StatusCode::RESOURCE_EXHAUSTED) {
    rich.add_details()->PackFrom(RetryAfter(kRetryDelay));
  }
  const std::string message(status.message());
  if (rich.details().empty()) return {failure.rpc_code, message};
  rich.set_code(failure.rpc_code);
  rich.set_message(message);
  return {failure.rpc_code, message, rich.SerializeAsString()};
}

absl::Status FieldViolation(std::string_view field, absl::string_view description) {
  google::rpc::BadRequest details;
  google::rpc::BadRequest::FieldViolation* violation = details.add_field_violations();
  violation->set_field(std::string(field));
  violation->set_description(std::string(description));
  absl::Status status = absl::InvalidArgumentError(description);
  status.SetPayload(TypeUrl<google::rpc::BadRequest>(), absl::Cord(details.SerializeAsString()));
  return status;
}

}  // namespace sluice::gateway
