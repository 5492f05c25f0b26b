#include "gateway/rpc_status.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace sluice::gateway {
namespace {

google::rpc::Status Details(const grpc::Status& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  return details;
}

TEST(RpcStatusTest, TranslatesEveryCode) {
  const std::map<absl::StatusCode, std::pair<grpc::StatusCode, PublishOutcome>> table = {
      {absl::StatusCode::kInvalidArgument,
       {grpc::StatusCode::INVALID_ARGUMENT, PublishOutcome::kInvalidArgument}},
      {absl::StatusCode::kResourceExhausted,
       {grpc::StatusCode::RESOURCE_EXHAUSTED, PublishOutcome::kResourceExhausted}},
      {absl::StatusCode::kUnavailable,
       {grpc::StatusCode::UNAVAILABLE, PublishOutcome::kUnavailable}},
      {absl::StatusCode::kDeadlineExceeded,
       {grpc::StatusCode::DEADLINE_EXCEEDED, PublishOutcome::kDeadlineExceeded}},
      {absl::StatusCode::kFailedPrecondition,
       {grpc::StatusCode::FAILED_PRECONDITION, PublishOutcome::kInternal}},
      {absl::StatusCode::kUnauthenticated,
       {grpc::StatusCode::UNAUTHENTICATED, PublishOutcome::kUnauthenticated}},
      {absl::StatusCode::kPermissionDenied,
       {grpc::StatusCode::PERMISSION_DENIED, PublishOutcome::kPermissionDenied}},
  };
  for (int code = 1; code <= 16; ++code) {
    SCOPED_TRACE(code);
    const absl::Status status(static_cast<absl::StatusCode>(code), "why");
    const auto row = table.find(status.code());
    const auto [rpc_code, outcome] =
        row != table.end() ? row->second
                           : std::pair{grpc::StatusCode::INTERNAL, PublishOutcome::kInternal};
    EXPECT_EQ(FailureOf(status).rpc_code, rpc_code);
    EXPECT_EQ(FailureOf(status).outcome, outcome);
    EXPECT_EQ(ToGrpcStatus(status).error_code(), rpc_code);
    EXPECT_EQ(ToGrpcStatus(status).error_message(), "why");
  }
}

TEST(RpcStatusTest, SaysWhenToComeAgainAfterResourceExhausted) {
  const google::rpc::Status details =
      Details(ToGrpcStatus(absl::ResourceExhaustedError("too much")));
  EXPECT_EQ(details.code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(details.message(), "too much");
  ASSERT_EQ(details.details_size(), 1);
  google::rpc::RetryInfo retry;
  ASSERT_TRUE(details.details(0).UnpackTo(&retry));
  EXPECT_EQ(retry.retry_delay().nanos(), 100'000'000);
}

TEST(RpcStatusTest, NamesTheFieldInTheDetails) {
  const google::rpc::Status details = Details(
      ToGrpcStatus(FieldViolation("event.type", "event.type must not contain CR, LF or NUL")));
  EXPECT_EQ(details.code(), grpc::StatusCode::INVALID_ARGUMENT);
  ASSERT_EQ(details.details_size(), 1);
  google::rpc::BadRequest bad;
  ASSERT_TRUE(details.details(0).UnpackTo(&bad));
  ASSERT_EQ(bad.field_violations_size(), 1);
  EXPECT_EQ(bad.field_violations(0).field(), "event.type");
  EXPECT_EQ(bad.field_violations(0).description(), "event.type must not contain CR, LF or NUL");
}

TEST(RpcStatusTest, SendsNoDetailsWhereThereAreNone) {
  EXPECT_EQ(ToGrpcStatus(absl::UnavailableError("away")).error_details(), "");
}

}  // namespace
}  // namespace sluice::gateway
