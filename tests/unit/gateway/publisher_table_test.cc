#include "gateway/publisher_table.h"

#include <chrono>
#include <string>

#include "tests/unit/gateway/gateway_fixture.h"

namespace sluice::gateway {
namespace {

using std::chrono_literals::operator""ms;

const std::string kBackendKey = "backend-key-0123456789";
const std::string kChatKey = "chat-key-0123456789abcd";

GatewayOptions TwoPublishers() {
  GatewayOptions options;
  options.publisher.key = kBackendKey;
  PublisherOptions& chat = options.more_publishers["chat"];
  chat.key = kChatKey;
  chat.users = {"alice", "bob.*"};
  chat.topics = {"chat.*"};
  return options;
}

class PublisherTableTest : public GatewayFixture {
 protected:
  void Start(const GatewayOptions& options) { StartOn(&log_, options); }

  grpc::StatusCode PublishWith(const std::string& authorization,
                               const v1::PublishRequest& request) {
    grpc::ClientContext context;
    if (!authorization.empty()) context.AddMetadata("authorization", authorization);
    return stub_->Publish(&context, request, &response_).error_code();
  }
  static v1::PublishRequest ToTopic(const std::string& topic) {
    v1::PublishRequest request;
    request.set_topic(topic);
    request.mutable_event()->set_data("x");
    return request;
  }

  ingest::MemoryLog log_{LogOptions()};
};

TEST_F(PublisherTableTest, WithoutPublishersNobodyIsAsked) {
  Start({});
  EXPECT_EQ(PublishWith("", ToUser("alice", "x")), grpc::StatusCode::OK);
  EXPECT_EQ(PublishWith("Bearer anything", ToUser("alice", "x")), grpc::StatusCode::OK);
}

TEST_F(PublisherTableTest, OnlyAKnownKeyPublishes) {
  Start(TwoPublishers());
  EXPECT_EQ(PublishWith("Bearer " + kBackendKey, ToUser("anyone", "x")), grpc::StatusCode::OK);
  EXPECT_EQ(PublishWith("bearer " + kBackendKey, ToTopic("any")), grpc::StatusCode::OK);
  for (const std::string& authorization :
       {std::string(), std::string("Bearer "), "Bearer x" + kBackendKey,
        "Bearer " + kBackendKey + "x", "Basic " + kBackendKey, kBackendKey}) {
    EXPECT_EQ(PublishWith(authorization, ToUser("alice", "x")), grpc::StatusCode::UNAUTHENTICATED)
        << authorization;
    // Nor does one learn what would be wrong with the request.
    EXPECT_EQ(PublishWith(authorization, v1::PublishRequest()), grpc::StatusCode::UNAUTHENTICATED);
  }
  AwaitMetric(12, "sluice_gateway_events_published_total", "unauthenticated");
  AwaitMetric(2, "sluice_gateway_events_published_total", "ok");
}

TEST_F(PublisherTableTest, EachPublishesOnlyWhereItMay) {
  Start(TwoPublishers());
  const std::string chat = "Bearer " + kChatKey;
  EXPECT_EQ(PublishWith(chat, ToUser("alice", "x")), grpc::StatusCode::OK);
  EXPECT_EQ(PublishWith(chat, ToUser("bob.1", "x")), grpc::StatusCode::OK);
  EXPECT_EQ(PublishWith(chat, ToTopic("chat.lobby")), grpc::StatusCode::OK);
  EXPECT_EQ(PublishWith(chat, ToUser("carol", "x")), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(PublishWith(chat, ToUser("chat.lobby", "x")), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(PublishWith(chat, ToTopic("alice")), grpc::StatusCode::PERMISSION_DENIED);
  AwaitMetric(3, "sluice_gateway_events_published_total", "permission_denied");
}

TEST_F(PublisherTableTest, ABatchAndAStreamOfNobodyFailAsAWhole) {
  Start(TwoPublishers());
  v1::PublishBatchRequest batch;
  *batch.add_requests() = ToUser("alice", "x");
  v1::PublishBatchResponse batch_response;
  grpc::ClientContext batch_context;
  EXPECT_EQ(stub_->PublishBatch(&batch_context, batch, &batch_response).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);

  grpc::ClientContext stream_context;
  const auto stream = stub_->PublishStream(&stream_context);
  stream->Write(ToUser("alice", "x"));
  v1::PublishStreamResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(PublisherTableTest, AStreamOfAPublisherIsJudgedEventByEvent) {
  Start(TwoPublishers());
  grpc::ClientContext context;
  context.AddMetadata("authorization", "Bearer " + kChatKey);
  const auto stream = stub_->PublishStream(&context);
  v1::PublishStreamResponse response;
  stream->Write(ToUser("alice", "x"));
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_TRUE(response.result().has_response());
  stream->Write(ToUser("carol", "x"));
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.result().code(), grpc::StatusCode::PERMISSION_DENIED);
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(PublisherTableTest, OnlyWhoMayPublishToAUserMayDisconnectIt) {
  Start(TwoPublishers());
  const auto disconnect = [this](const std::string& key, const v1::DisconnectRequest& request) {
    grpc::ClientContext context;
    if (!key.empty()) context.AddMetadata("authorization", "Bearer " + key);
    v1::DisconnectResponse response;
    return stub_->Disconnect(&context, request, &response).error_code();
  };
  v1::DisconnectRequest alice;
  alice.set_user_id("alice");
  v1::DisconnectRequest carol;
  carol.set_user_id("carol");
  v1::DisconnectRequest token;
  token.set_token_id("t1");
  EXPECT_EQ(disconnect("", alice), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(disconnect(kChatKey, alice), grpc::StatusCode::OK);
  EXPECT_EQ(disconnect(kChatKey, carol), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(disconnect(kChatKey, token), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(disconnect(kBackendKey, carol), grpc::StatusCode::OK);
  EXPECT_EQ(disconnect(kBackendKey, token), grpc::StatusCode::OK);
}

TEST_F(PublisherTableTest, DisconnectSaysWhatIsWrong) {
  Start({});
  const auto disconnect = [this](const v1::DisconnectRequest& request) {
    grpc::ClientContext context;
    v1::DisconnectResponse response;
    return stub_->Disconnect(&context, request, &response).error_code();
  };
  v1::DisconnectRequest request;
  EXPECT_EQ(disconnect(request), grpc::StatusCode::INVALID_ARGUMENT);
  request.set_user_id("a\nb");
  EXPECT_EQ(disconnect(request), grpc::StatusCode::INVALID_ARGUMENT);
  request.set_token_id("");
  EXPECT_EQ(disconnect(request), grpc::StatusCode::INVALID_ARGUMENT);
  request.set_token_id(std::string(257, 'x'));
  EXPECT_EQ(disconnect(request), grpc::StatusCode::INVALID_ARGUMENT);
  request.set_token_id("t1");
  request.set_reason(std::string(257, 'x'));
  EXPECT_EQ(disconnect(request), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(CallWithBytes("/sluice.v1.Gateway/Disconnect", "\xFF\xFF").error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(PublisherTableTest, KeysMustBeLongAndDiffer) {
  GatewayOptions options;
  options.publisher.key = "short";
  EXPECT_EQ(PublisherTable::Load(options).status().code(), absl::StatusCode::kInvalidArgument);
  options.publisher.key = kBackendKey;
  options.more_publishers["other"].key = kBackendKey;
  EXPECT_EQ(PublisherTable::Load(options).status().code(), absl::StatusCode::kInvalidArgument);
  options.more_publishers["other"].key = "";
  options.more_publishers["other"].key_file = "/nowhere";
  EXPECT_EQ(PublisherTable::Load(options).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(PublisherGrantTest, ARateAllowsASecondsWorthAtOnce) {
  const PublisherGrant grant("p", {NamePattern::Any()}, {}, {}, 10);
  SteadyTime now{std::chrono::hours(1)};
  const auto admitted = [&] { return grant.Admit(ChannelKind::kUser, "alice", now).ok(); };
  int burst = 0;
  while (admitted()) ++burst;
  EXPECT_EQ(burst, 10);
  EXPECT_EQ(grant.Admit(ChannelKind::kUser, "alice", now).code(),
            absl::StatusCode::kResourceExhausted);
  now += 100ms;
  EXPECT_TRUE(admitted());
  EXPECT_FALSE(admitted());
  now += std::chrono::hours(1);
  burst = 0;
  while (admitted()) ++burst;
  EXPECT_EQ(burst, 10);
}

TEST(PublisherGrantTest, WhatIsNotAllowedCostsNothingOfTheRate) {
  const PublisherGrant grant("p", {NamePattern::Any()}, {}, {}, 1);
  const SteadyTime now{std::chrono::hours(1)};
  EXPECT_EQ(grant.Admit(ChannelKind::kTopic, "news", now).code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_TRUE(grant.Admit(ChannelKind::kUser, "alice", now).ok());
}

}  // namespace
}  // namespace sluice::gateway
