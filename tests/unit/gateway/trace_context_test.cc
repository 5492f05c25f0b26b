#include "gateway/trace_context.h"

#include <cstdio>
#include <string>

#include <gmock/gmock.h>

#include "core/logging.h"
#include "tests/unit/gateway/gateway_fixture.h"

namespace sluice::gateway {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kTraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST(TraceParentTest, OnlyTheFormOfTheSpecificationIsPassedOn) {
  EXPECT_TRUE(IsTraceParent(kTraceParent));
  EXPECT_EQ(TraceIdOf(kTraceParent), "0af7651916cd43dd8448eb211c80319c");
  for (const char* text : {"", "00", "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
                           "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                           "00-00000000000000000000000000000000-b7ad6b7169203331-01",
                           "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
                           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0\n",
                           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
                           "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}) {
    EXPECT_FALSE(IsTraceParent(text)) << text;
  }
}

class TraceContextTest : public GatewayFixture {
 protected:
  grpc::Status PublishWith(const std::string& traceparent) {
    grpc::ClientContext context;
    context.AddMetadata("traceparent", traceparent);
    v1::PublishResponse response;
    return stub_->Publish(&context, ToUser("alice", "1"), &response);
  }
  FakeLog log_;
};

TEST_F(TraceContextTest, ReachesTheLogWithEachWayOfPublishing) {
  log_.AnswerAtOnceWith(absl::UnavailableError("away"));
  StartOn(&log_);
  PublishWith(kTraceParent);
  {
    grpc::ClientContext context;
    context.AddMetadata("traceparent", kTraceParent);
    v1::PublishBatchRequest request;
    *request.add_requests() = ToUser("alice", "2");
    v1::PublishBatchResponse response;
    stub_->PublishBatch(&context, request, &response);
  }
  {
    grpc::ClientContext context;
    context.AddMetadata("traceparent", kTraceParent);
    const auto stream = stub_->PublishStream(&context);
    stream->Write(ToUser("alice", "3"));
    stream->WritesDone();
    v1::PublishStreamResponse response;
    while (stream->Read(&response)) {
    }
    stream->Finish();
  }
  ASSERT_EQ(log_.size(), 3u);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(log_.given(i).traceparent, kTraceParent) << i;
}

TEST_F(TraceContextTest, AMalformedOneIsNotPassedOn) {
  log_.AnswerAtOnceWith(absl::UnavailableError("away"));
  StartOn(&log_);
  PublishWith("00-x");
  EXPECT_EQ(log_.given(0).traceparent, "");
}

TEST_F(TraceContextTest, AFailedPublishIsLoggedWithItsTrace) {
  std::FILE* const file = std::tmpfile();
  {
    Logger logger({}, Clock::System(), file);
    log_.AnswerAtOnceWith(absl::UnavailableError("away"));
    StartOn(&log_, {}, &logger);
    PublishWith(kTraceParent);
    gateway_->Stop();
  }
  std::string text(4096, '\0');
  std::rewind(file);
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  EXPECT_THAT(text, HasSubstr("\"trace_id\":\"0af7651916cd43dd8448eb211c80319c\""));
  EXPECT_THAT(text, HasSubstr("\"error\":\"away\""));
  EXPECT_THAT(text, Not(HasSubstr("alice")));
}

}  // namespace
}  // namespace sluice::gateway
