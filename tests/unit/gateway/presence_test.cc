#include <gmock/gmock.h>

#include <future>
#include <string>
#include <vector>

#include "tests/eventually.h"
#include "tests/unit/gateway/fake_presence.h"
#include "tests/unit/gateway/gateway_fixture.h"

namespace sluice::gateway {
namespace {

using grpc::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr char kMethod[] = "/sluice.v1.Gateway/GetPresence";
constexpr char kKey[] = "a key of more than sixteen bytes";

class PresenceTest : public GatewayFixture {
 protected:
  void Start(const GatewayOptions& options = {}) {
    StartOn(&log_, options, nullptr, nullptr, &presence_);
  }

  static v1::GetPresenceRequest Of(const std::vector<std::string>& users) {
    v1::GetPresenceRequest request;
    for (const std::string& user : users) request.add_user_ids(user);
    return request;
  }
  grpc::Status Get(const v1::GetPresenceRequest& request, const std::string& key = "") {
    grpc::ClientContext context;
    if (!key.empty()) context.AddMetadata("authorization", "Bearer " + key);
    return stub_->GetPresence(&context, request, &answer_);
  }
  std::future<grpc::Status> GetInBackground(const v1::GetPresenceRequest& request) {
    return std::async(std::launch::async, [this, request] { return Get(request); });
  }
  // The field that the answer to a bad request names.
  std::string Field(const v1::GetPresenceRequest& request) {
    const grpc::Status status = Get(request);
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT) << status.error_message();
    const auto details = DetailOf<google::rpc::BadRequest>(status);
    return details.field_violations_size() == 1 ? details.field_violations(0).field() : "";
  }

  ingest::MemoryLog log_{LogOptions{}};
  FakePresence presence_;
  v1::GetPresenceResponse answer_;  // of the last Get
};

TEST_F(PresenceTest, SaysTheSessionsOfEachUserInOrder) {
  Start();
  auto status = GetInBackground(Of({"alice", "bob", "alice"}));
  FakePresence::Question question = presence_.Take();
  EXPECT_THAT(question.users, ElementsAre("alice", "bob", "alice"));
  EXPECT_EQ(question.timeout, 90ms);
  question.done(ingest::PresenceAnswer{.sessions = {2, 0, 2}, .edges = 3, .missing_edges = {}});
  ASSERT_TRUE(status.get().ok());
  ASSERT_EQ(answer_.users_size(), 3);
  EXPECT_EQ(answer_.users(0).user_id(), "alice");
  EXPECT_EQ(answer_.users(0).sessions(), 2u);
  EXPECT_EQ(answer_.users(1).user_id(), "bob");
  EXPECT_EQ(answer_.users(1).sessions(), 0u);
  EXPECT_EQ(answer_.users(2).sessions(), 2u);
  EXPECT_TRUE(answer_.complete());
  EXPECT_EQ(answer_.answered_edges(), 3u);
  EXPECT_EQ(answer_.missing_edges_size(), 0);
  AwaitMetric(1, "sluice_gateway_presence_total", "complete");
}

TEST_F(PresenceTest, SaysWhichEdgesDidNotAnswer) {
  Start();
  auto status = GetInBackground(Of({"alice"}));
  presence_.Take().done(
      ingest::PresenceAnswer{.sessions = {1}, .edges = 1, .missing_edges = {"0a", "0b"}});
  ASSERT_TRUE(status.get().ok());
  EXPECT_FALSE(answer_.complete());
  EXPECT_EQ(answer_.users(0).sessions(), 1u);
  EXPECT_THAT(answer_.missing_edges(), ElementsAre("0a", "0b"));
  AwaitMetric(1, "sluice_gateway_presence_total", "incomplete");
}

TEST_F(PresenceTest, IsNotCompleteWhileThereMayBeOtherEdges) {
  Start();
  auto status = GetInBackground(Of({"alice"}));
  presence_.Take().done(ingest::PresenceAnswer{
      .sessions = {1}, .edges = 1, .missing_edges = {}, .knows_all_edges = false});
  ASSERT_TRUE(status.get().ok());
  EXPECT_FALSE(answer_.complete());
  EXPECT_EQ(answer_.missing_edges_size(), 0);
}

TEST_F(PresenceTest, WhyNobodyCanBeAskedIsTheStatus) {
  Start();
  auto status = GetInBackground(Of({"alice"}));
  presence_.Take().done(absl::UnavailableError("NATS is away"));
  const grpc::Status failed = status.get();
  EXPECT_EQ(failed.error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(failed.error_message(), "NATS is away");
  AwaitMetric(1, "sluice_gateway_presence_total", "failed");
}

TEST_F(PresenceTest, NamesTheFieldThatIsWrong) {
  Start();
  EXPECT_EQ(Field(Of(std::vector<std::string>(1'001, "alice"))), "user_ids");
  EXPECT_EQ(Field(Of({"alice", ""})), "user_ids[1]");
  EXPECT_EQ(Field(Of({"alice", "bob", std::string(257, 'x')})), "user_ids[2]");
  EXPECT_EQ(Field(Of({"a\nb"})), "user_ids[0]");
  EXPECT_EQ(Field(Of(std::vector<std::string>(200'000, "a"))), "user_ids");
  EXPECT_THAT(Get(Of(std::vector<std::string>(1'001, "a"))).error_message(), HasSubstr("1000"));
  EXPECT_EQ(CallWithBytes(kMethod, "\xFF\xFF").error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_FALSE(presence_.was_asked());
}

TEST_F(PresenceTest, TakesAsManyUsersAsThereMayBe) {
  Start();
  const std::string longest(256, 'x');
  auto status = GetInBackground(Of(std::vector<std::string>(1'000, longest)));
  presence_.Take().done(ingest::PresenceAnswer{
      .sessions = std::vector<uint32_t>(1'000, 7), .edges = 1, .missing_edges = {}});
  ASSERT_TRUE(status.get().ok());
  ASSERT_EQ(answer_.users_size(), 1'000);
  EXPECT_EQ(answer_.users(999).user_id(), longest);
  EXPECT_EQ(answer_.users(999).sessions(), 7u);
}

TEST_F(PresenceTest, OnlyWhoMayPublishToAUserMayAskAboutIt) {
  GatewayOptions options;
  options.more_publishers["chat"].key = kKey;
  options.more_publishers["chat"].users = {"chat.*"};
  Start(options);
  EXPECT_EQ(Get(Of({"chat.alice"})).error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(Get(Of({""})).error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(Get(Of({"chat.alice", "bob"}), kKey).error_code(), StatusCode::PERMISSION_DENIED);
  EXPECT_FALSE(presence_.was_asked());
  auto status = std::async(std::launch::async, [this] { return Get(Of({"chat.alice"}), kKey); });
  presence_.Take().done(ingest::PresenceAnswer{.sessions = {1}, .edges = 1, .missing_edges = {}});
  EXPECT_TRUE(status.get().ok());
}

TEST_F(PresenceTest, WaitsNoLongerThanTheCallDoes) {
  Start();
  // On a busy machine it may be over before it is asked.
  ASSERT_TRUE(Eventually([&] {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 60ms);
    const grpc::Status status = stub_->GetPresence(&context, Of({"alice"}), &answer_);
    EXPECT_EQ(status.error_code(), StatusCode::DEADLINE_EXCEEDED);
    return presence_.was_asked();
  }));
  FakePresence::Question question = presence_.Take();
  EXPECT_LE(question.timeout, 50ms);
  // The answer that comes later finds nobody.
  question.done(ingest::PresenceAnswer{.sessions = {1}, .edges = 1, .missing_edges = {}});
  AwaitMetric(1, "sluice_gateway_presence_total", "complete");
}

TEST_F(PresenceTest, QuestionsThatWaitAreBoundedInBytes) {
  GatewayOptions options;
  options.max_in_flight_bytes = 4'096;
  Start(options);
  auto first = GetInBackground(Of({"alice"}));
  FakePresence::Question question = presence_.Take();
  v1::GetPresenceResponse ignored;
  grpc::ClientContext context;
  EXPECT_EQ(stub_->GetPresence(&context, Of({"bob"}), &ignored).error_code(),
            StatusCode::RESOURCE_EXHAUSTED);
  question.done(ingest::PresenceAnswer{.sessions = {1}, .edges = 1, .missing_edges = {}});
  EXPECT_TRUE(first.get().ok());
  AwaitMetric(1, "sluice_gateway_presence_total", "complete");
  auto second = GetInBackground(Of({"bob"}));
  presence_.Take().done(ingest::PresenceAnswer{.sessions = {1}, .edges = 1, .missing_edges = {}});
  EXPECT_TRUE(second.get().ok());
}

TEST_F(PresenceTest, AStoppingGatewayWaitsForNoEdge) {
  GatewayOptions options;
  options.stop_grace = 0ms;
  Start(options);
  auto status = GetInBackground(Of({"alice"}));
  FakePresence::Question question = presence_.Take();
  gateway_->Stop();
  EXPECT_EQ(status.get().error_code(), StatusCode::UNAVAILABLE);
  gateway_.reset();
  question.done(ingest::PresenceAnswer{.sessions = {1}, .edges = 1, .missing_edges = {}});
}

TEST_F(PresenceTest, WithoutEdgesToAskItIsUnavailable) {
  StartOn(&log_);
  EXPECT_EQ(Get(Of({"alice"})).error_code(), StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace sluice::gateway
