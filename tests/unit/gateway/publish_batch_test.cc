#include <future>
#include <string>

#include "tests/unit/gateway/gateway_fixture.h"

namespace sluice::gateway {
namespace {

using grpc::StatusCode;
using namespace std::string_literals;

constexpr char kPublishBatch[] = "/sluice.v1.Gateway/PublishBatch";

class PublishBatchTest : public GatewayFixture {
 protected:
  grpc::Status PublishBatch(const v1::PublishBatchRequest& batch) {
    grpc::ClientContext context;
    batch_response_.Clear();
    return stub_->PublishBatch(&context, batch, &batch_response_);
  }
  static v1::PublishBatchRequest BatchOf(int events) {
    v1::PublishBatchRequest batch;
    for (int i = 0; i < events; ++i) *batch.add_requests() = ToUser("u", std::to_string(i));
    return batch;
  }
  const v1::PublishResult& result(int i) { return batch_response_.results(i); }

  ingest::MemoryLog memory_{LogOptions{}, Clock::System(), *Epoch::Parse("e1")};
  FakeLog fake_;
  v1::PublishBatchResponse batch_response_;  // of the last PublishBatch
};

TEST_F(PublishBatchTest, StoresAllInOrderAndAnswersOneForOne) {
  StartOn(&memory_);
  ASSERT_TRUE(PublishBatch(BatchOf(1'000)).ok());
  ASSERT_EQ(batch_response_.results_size(), 1'000);
  for (int i = 0; i < 1'000; ++i) {
    EXPECT_EQ(result(i).code(), 0);
    EXPECT_EQ(result(i).response().event_id(), "e1-" + std::to_string(i + 1));
  }
  AwaitMetric(1'000, "sluice_gateway_events_published_total", "ok");
}

TEST_F(PublishBatchTest, AnswersNothingForNothing) {
  StartOn(&memory_);
  ASSERT_TRUE(PublishBatch({}).ok());
  EXPECT_EQ(batch_response_.results_size(), 0);
}

TEST_F(PublishBatchTest, CountsEventsAgainstTheLimit) {
  StartOn(&memory_, {.max_batch_events = 10});
  EXPECT_TRUE(PublishBatch(BatchOf(9)).ok());
  EXPECT_TRUE(PublishBatch(BatchOf(10)).ok());
  for (const int events : {11, 10'000}) {
    const grpc::Status status = PublishBatch(BatchOf(events));
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(status.error_message(), "requests must be at most 10");
    EXPECT_EQ(DetailOf<google::rpc::BadRequest>(status).field_violations(0).field(), "requests");
  }
  EXPECT_EQ(memory_.GetStats().last_sequence, 19u);
}

TEST_F(PublishBatchTest, StoresTheGoodOnesAmongBadOnes) {
  StartOn(&memory_);
  v1::PublishBatchRequest batch = BatchOf(4);
  batch.mutable_requests(1)->mutable_event()->set_type("gap");
  batch.mutable_requests(2)->clear_target();
  ASSERT_TRUE(PublishBatch(batch).ok());
  EXPECT_EQ(result(0).response().event_id(), "e1-1");
  EXPECT_EQ(result(1).code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(result(1).message(), "event.type must not be connected, gap or closing");
  EXPECT_EQ(result(2).code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(result(3).response().event_id(), "e1-2");
}

TEST_F(PublishBatchTest, RefusesAnEventThatIsNoMessageAlone) {
  StartOn(&memory_);
  const std::string good = ToUser("u", "{}").SerializeAsString();
  const std::string bytes = "\x0a\x02\x0a\x05"s + "\x0a" + static_cast<char>(good.size()) + good;
  grpc::ByteBuffer answer;
  ASSERT_TRUE(CallWithBytes(kPublishBatch, bytes, &answer).ok());
  grpc::Slice slice;
  ASSERT_TRUE(answer.DumpToSingleSlice(&slice).ok());
  ASSERT_TRUE(batch_response_.ParseFromArray(slice.begin(), static_cast<int>(slice.size())));
  EXPECT_EQ(result(0).code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(result(1).response().event_id(), "e1-1");
}

TEST_F(PublishBatchTest, RefusesBytesThatAreNoBatch) {
  StartOn(&memory_);
  EXPECT_EQ(CallWithBytes(kPublishBatch, "\x0a\x05x").error_code(), StatusCode::INVALID_ARGUMENT);
}

TEST_F(PublishBatchTest, SaysDuplicateWithinOneBatch) {
  StartOn(&memory_);
  v1::PublishBatchRequest batch;
  *batch.add_requests() = ToUser("u", "1", "key");
  *batch.add_requests() = ToUser("u", "1", "key");
  ASSERT_TRUE(PublishBatch(batch).ok());
  EXPECT_FALSE(result(0).response().duplicate());
  EXPECT_TRUE(result(1).response().duplicate());
  EXPECT_EQ(result(1).response().event_id(), "e1-1");
}

TEST_F(PublishBatchTest, AnswersInOrderWhateverTheLogsOrder) {
  StartOn(&fake_);
  std::future<grpc::Status> publish =
      std::async(std::launch::async, [this] { return PublishBatch(BatchOf(3)); });
  fake_.AwaitAppends(3);
  fake_.Store(2, 12);
  fake_.Fail(0, absl::UnavailableError("away"));
  fake_.Store(1, 11);
  ASSERT_TRUE(publish.get().ok());
  EXPECT_EQ(result(0).code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(result(1).response().event_id(), "e1-11");
  EXPECT_EQ(result(2).response().event_id(), "e1-12");
  AwaitMetric(0, "sluice_gateway_appends_in_flight");
}

TEST_F(PublishBatchTest, RefusesOnlyTheEventsThatAreTooMuchToHold) {
  StartOn(&fake_, {.max_in_flight_bytes = 10'000});
  std::future<grpc::Status> publish =
      std::async(std::launch::async, [this] { return PublishBatch(BatchOf(3)); });
  fake_.AwaitAppends(2);
  fake_.Store(0, 1);
  fake_.Store(1, 2);
  ASSERT_TRUE(publish.get().ok());
  EXPECT_EQ(result(0).code(), 0);
  EXPECT_EQ(result(1).code(), 0);
  EXPECT_EQ(result(2).code(), StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(PublishBatchTest, TakesABatchOfFourMebibytesAndNoMore) {
  StartOn(&memory_);
  v1::PublishBatchRequest batch;
  while (batch.ByteSizeLong() + (64u << 10) + 100 < (4u << 20)) {
    *batch.add_requests() = ToUser("u", std::string(64u << 10, 'x'));
  }
  ASSERT_TRUE(PublishBatch(batch).ok());
  EXPECT_EQ(batch_response_.results_size(), batch.requests_size());
  *batch.add_requests() = ToUser("u", std::string(64u << 10, 'x'));
  EXPECT_EQ(PublishBatch(batch).error_code(), StatusCode::RESOURCE_EXHAUSTED);
}

}  // namespace
}  // namespace sluice::gateway
