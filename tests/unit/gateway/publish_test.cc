#include <gmock/gmock.h>

#include <future>
#include <thread>
#include <vector>

#include "tests/unit/gateway/gateway_fixture.h"

namespace sluice::gateway {
namespace {

using grpc::StatusCode;
using testing::HasSubstr;
using testing::StartsWith;
using namespace std::string_literals;

constexpr char kPublish[] = "/sluice.v1.Gateway/Publish";

class PublishTest : public GatewayFixture {
 protected:
  // A Publish that a thread of its own waits for.
  std::future<grpc::Status> PublishInBackground(grpc::ClientContext* context,
                                                const v1::PublishRequest& request) {
    return std::async(std::launch::async, [this, context, request] {
      v1::PublishResponse response;
      return stub_->Publish(context, request, &response);
    });
  }

  FakeLog fake_;
  ingest::MemoryLog memory_{LogOptions{}};
};

TEST_F(PublishTest, StoresAnEventAndAnswersWithItsId) {
  ingest::MemoryLog log({}, Clock::System(), *Epoch::Parse("k3f9a"));
  StartOn(&log);
  ASSERT_TRUE(Publish(ToUser("alice", "{}")).ok());
  EXPECT_EQ(response_.event_id(), "k3f9a-1");
  EXPECT_FALSE(response_.duplicate());
  ASSERT_TRUE(Publish(ToUser("alice", "{}")).ok());
  EXPECT_EQ(response_.event_id(), "k3f9a-2");
  gateway_->Stop();
}

TEST_F(PublishTest, HandsTheEventToTheLogAsItCame) {
  fake_.AnswerAtOnceWith(absl::UnavailableError("away"));
  StartOn(&fake_);
  v1::PublishRequest request;
  request.set_topic("d\xc3\xa9j\xc3\xa0 vu");
  request.mutable_event()->set_type("order-update");
  request.mutable_event()->set_data("\r\n\0\xe2\x80\xa8"s);
  request.mutable_event()->set_idempotency_key("k1");
  EXPECT_EQ(Publish(request).error_code(), StatusCode::UNAVAILABLE);
  const FakeLog::Given given = fake_.given(0);
  EXPECT_EQ(given.channel, Channel::Topic("d\xc3\xa9j\xc3\xa0 vu"));
  EXPECT_EQ(given.type, "order-update");
  EXPECT_EQ(given.data, "\r\n\0\xe2\x80\xa8"s);
  EXPECT_EQ(given.idempotency_key, "k1");
}

TEST_F(PublishTest, SaysDuplicateForAKeyThatWasUsed) {
  StartOn(&memory_);
  ASSERT_TRUE(Publish(ToUser("alice", "1", "key")).ok());
  const std::string first = response_.event_id();
  ASSERT_TRUE(Publish(ToUser("alice", "1", "key")).ok());
  EXPECT_EQ(response_.event_id(), first);
  EXPECT_TRUE(response_.duplicate());
  ASSERT_TRUE(Publish(ToUser("bob", "1", "key")).ok());
  EXPECT_FALSE(response_.duplicate());
  AwaitMetric(2, "sluice_gateway_events_published_total", "ok");
  AwaitMetric(1, "sluice_gateway_events_published_total", "duplicate");
}

TEST_F(PublishTest, NamesTheFieldThatIsWrong) {
  StartOn(&memory_);
  const grpc::Status status = Publish(ToUser("", "{}"));
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "user_id must be 1 to 256 bytes, got 0");
  const auto details = DetailOf<google::rpc::BadRequest>(status);
  ASSERT_EQ(details.field_violations_size(), 1);
  EXPECT_EQ(details.field_violations(0).field(), "user_id");
  AwaitMetric(1, "sluice_gateway_events_published_total", "invalid_argument");
  EXPECT_EQ(memory_.GetStats().last_sequence, 0u);
}

TEST_F(PublishTest, RefusesInvalidUtf8InEveryFieldByItsName) {
  StartOn(&memory_);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"\x0a\x01\xff\x1a\x00"s, "user_id must be valid UTF-8"},
      {"\x12\x01\xff\x1a\x00"s, "topic must be valid UTF-8"},
      {"\x0a\x01u\x1a\x03\x0a\x01\xff"s, "event.type must be valid UTF-8"},
      {"\x0a\x01u\x1a\x03\x12\x01\xff"s, "event.data must be valid UTF-8"},
      {"\x0a\x01u\x1a\x03\x1a\x01\xff"s, "event.idempotency_key must be valid UTF-8"},
  };
  for (const auto& [bytes, message] : cases) {
    const grpc::Status status = CallWithBytes(kPublish, bytes);
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(status.error_message(), message);
  }
}

TEST_F(PublishTest, RefusesBytesThatAreNoMessage) {
  StartOn(&memory_);
  const grpc::Status status = CallWithBytes(kPublish, "\x0a\x05x");
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("sluice.v1.PublishRequest"));
  EXPECT_EQ(CallWithBytes(kPublish, "").error_message(), "target must be set: user_id or topic");
}

TEST_F(PublishTest, TakesDataUpToItsLimit) {
  StartOn(&memory_, {.max_event_bytes = 1000});
  EXPECT_TRUE(Publish(ToUser("u", std::string(999, 'x'))).ok());
  EXPECT_TRUE(Publish(ToUser("u", std::string(1000, 'x'))).ok());
  const grpc::Status status = Publish(ToUser("u", std::string(1001, 'x')));
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "event.data must be at most 1000 bytes, got 1001");
}

TEST_F(PublishTest, RefusesAMessageAboveFourMebibytes) {
  StartOn(&memory_);
  constexpr size_t kLimit = 4u << 20;
  const std::string field = "\x0a\xfb\xff\xff\x01"s;  // user_id of 4 MiB - 5 bytes
  const std::string message = field + std::string(kLimit - field.size(), 'x');
  EXPECT_EQ(CallWithBytes(kPublish, message).error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(CallWithBytes(kPublish, message + "x").error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(Publish(ToUser("u", "still here")).ok());
}

TEST_F(PublishTest, RefusesCompressedMessages) {
  StartOn(&memory_);
  grpc::ClientContext context;
  context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  const grpc::Status status =
      stub_->Publish(&context, ToUser("u", std::string(10'000, 'x')), &response_);
  EXPECT_EQ(status.error_code(), StatusCode::UNIMPLEMENTED);
  EXPECT_TRUE(Publish(ToUser("u", "still here")).ok());
}

TEST_F(PublishTest, PassesOnWhatTheLogSays) {
  StartOn(&fake_);
  const std::vector<std::pair<absl::Status, StatusCode>> cases = {
      {absl::UnavailableError("the log is away"), StatusCode::UNAVAILABLE},
      {absl::DeadlineExceededError("too late"), StatusCode::DEADLINE_EXCEEDED},
      {absl::ResourceExhaustedError("full"), StatusCode::RESOURCE_EXHAUSTED},
      {absl::NotFoundError("a bug of the log"), StatusCode::INTERNAL},
  };
  for (const auto& [answer, code] : cases) {
    fake_.AnswerAtOnceWith(answer);
    const grpc::Status status = Publish(ToUser("u", "{}"));
    EXPECT_EQ(status.error_code(), code);
    EXPECT_EQ(status.error_message(), std::string(answer.message()));
    if (code == StatusCode::RESOURCE_EXHAUSTED) {
      EXPECT_EQ(DetailOf<google::rpc::RetryInfo>(status).retry_delay().nanos(), 100'000'000);
    }
  }
  AwaitMetric(1, "sluice_gateway_events_published_total", "unavailable");
  AwaitMetric(1, "sluice_gateway_events_published_total", "deadline_exceeded");
  AwaitMetric(1, "sluice_gateway_events_published_total", "resource_exhausted");
  AwaitMetric(1, "sluice_gateway_events_published_total", "internal");
  AwaitMetric(0, "sluice_gateway_appends_in_flight");
}

TEST_F(PublishTest, AnswersWhenTheLogDoesFromAnotherThread) {
  StartOn(&fake_);
  grpc::ClientContext context;
  std::future<grpc::Status> publish = PublishInBackground(&context, ToUser("u", "{}"));
  fake_.AwaitAppends(1);
  AwaitMetric(1, "sluice_gateway_appends_in_flight");
  fake_.Store(0, 7);
  EXPECT_TRUE(publish.get().ok());
  AwaitMetric(0, "sluice_gateway_appends_in_flight");
}

TEST_F(PublishTest, BoundsTheAppendByTheDeadlineOfTheCall) {
  fake_.AnswerAtOnceWith(absl::UnavailableError("away"));
  StartOn(&fake_, {.max_append_time = std::chrono::hours(1)});
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(10));
  const auto before = std::chrono::steady_clock::now();
  EXPECT_FALSE(stub_->Publish(&context, ToUser("u", "{}"), &response_).ok());
  const auto after = std::chrono::steady_clock::now();
  // gRPC may round the deadline to its own milliseconds.
  const auto slack = std::chrono::seconds(1);
  EXPECT_GE(fake_.given(0).deadline, before + std::chrono::minutes(10) - slack);
  EXPECT_LE(fake_.given(0).deadline, after + std::chrono::minutes(10) + slack);
}

TEST_F(PublishTest, BoundsTheAppendItselfWhenTheCallHasNoDeadline) {
  fake_.AnswerAtOnceWith(absl::UnavailableError("away"));
  StartOn(&fake_, {.max_append_time = std::chrono::hours(1)});
  const auto before = std::chrono::steady_clock::now();
  EXPECT_FALSE(Publish(ToUser("u", "{}")).ok());
  EXPECT_GE(fake_.given(0).deadline, before + std::chrono::hours(1));
  EXPECT_LE(fake_.given(0).deadline, std::chrono::steady_clock::now() + std::chrono::hours(1));
}

TEST_F(PublishTest, NeverAnswersOkAfterTheDeadline) {
  StartOn(&memory_);
  grpc::ClientContext past;
  past.set_deadline(std::chrono::system_clock::now() - std::chrono::seconds(1));
  EXPECT_EQ(stub_->Publish(&past, ToUser("u", "{}"), &response_).error_code(),
            StatusCode::DEADLINE_EXCEEDED);
  gateway_->Stop();

  FakeLog silent;
  StartOn(&silent);
  grpc::ClientContext soon;
  soon.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(1));
  EXPECT_EQ(stub_->Publish(&soon, ToUser("u", "{}"), &response_).error_code(),
            StatusCode::DEADLINE_EXCEEDED);
  gateway_->Stop();
}

TEST_F(PublishTest, SurvivesACallThatIsCancelledWhileTheLogHasIt) {
  StartOn(&fake_);
  grpc::ClientContext context;
  std::future<grpc::Status> publish = PublishInBackground(&context, ToUser("u", "{}"));
  fake_.AwaitAppends(1);
  context.TryCancel();
  EXPECT_EQ(publish.get().error_code(), StatusCode::CANCELLED);
  fake_.Store(0, 1);
  AwaitMetric(1, "sluice_gateway_events_published_total", "ok");
  AwaitMetric(0, "sluice_gateway_appends_in_flight");
}

TEST_F(PublishTest, RefusesWhatIsTooMuchToHoldForTheLog) {
  StartOn(&fake_, {.max_in_flight_bytes = 10'000});
  grpc::ClientContext context;
  std::future<grpc::Status> publish =
      PublishInBackground(&context, ToUser("u", std::string(9'000, 'x')));
  fake_.AwaitAppends(1);
  const grpc::Status status = Publish(ToUser("u", "{}"));
  EXPECT_EQ(status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(DetailOf<google::rpc::RetryInfo>(status).retry_delay().nanos(), 100'000'000);
  fake_.Store(0, 1);
  EXPECT_TRUE(publish.get().ok());
  AwaitMetric(0, "sluice_gateway_appends_in_flight");
  fake_.AnswerAtOnceWith(absl::UnavailableError("away"));
  EXPECT_EQ(Publish(ToUser("u", "{}")).error_code(), StatusCode::UNAVAILABLE);
}

TEST_F(PublishTest, ServesManyCallsAtOnce) {
  StartOn(&memory_, {.threads = 2});
  constexpr int kClients = 4;
  constexpr int kCalls = 250;
  std::vector<std::future<int>> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(std::async(std::launch::async, [this] {
      const auto stub = v1::Gateway::NewStub(Connect());
      int stored = 0;
      for (int call = 0; call < kCalls; ++call) {
        grpc::ClientContext context;
        v1::PublishResponse response;
        stored += stub->Publish(&context, ToUser("u", "{}"), &response).ok() ? 1 : 0;
      }
      return stored;
    }));
  }
  for (std::future<int>& client : clients) EXPECT_EQ(client.get(), kCalls);
  EXPECT_EQ(memory_.GetStats().last_sequence, static_cast<uint64_t>(kClients * kCalls));
  AwaitMetric(kClients * kCalls, "sluice_gateway_events_published_total", "ok");
}

TEST_F(PublishTest, ObservesADurationForEveryEvent) {
  StartOn(&memory_);
  ASSERT_TRUE(Publish(ToUser("u", "{}")).ok());
  ASSERT_FALSE(Publish(ToUser("", "{}")).ok());
  AwaitMetric(1, "sluice_gateway_events_published_total", "invalid_argument");
  AwaitMetric(1, "sluice_gateway_events_published_total", "ok");
  for (const prometheus::MetricFamily& family : gateway_->Collect()) {
    if (family.name != "sluice_gateway_publish_duration_seconds") continue;
    const auto& histogram = family.metric.at(0).histogram;
    EXPECT_EQ(histogram.sample_count, 2u);
    EXPECT_GT(histogram.sample_sum, 0);
    EXPECT_EQ(histogram.bucket.back().cumulative_count, 2u);
    return;
  }
  ADD_FAILURE() << "no histogram";
}

TEST_F(PublishTest, ServesAChannelWithoutASocket) {
  StartOn(&memory_);
  stub_ = v1::Gateway::NewStub(gateway_->InProcessChannel());
  EXPECT_TRUE(Publish(ToUser("u", "{}")).ok());
  stub_.reset();
}

TEST_F(PublishTest, DoesNotKnowOtherMethods) {
  StartOn(&memory_);
  EXPECT_EQ(CallWithBytes("/sluice.v1.Gateway/Unpublish", "").error_code(),
            StatusCode::UNIMPLEMENTED);
}

}  // namespace
}  // namespace sluice::gateway
