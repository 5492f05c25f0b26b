#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/fake_message_queue.h"
#include "tests/unit/gateway/gateway_fixture.h"

namespace sluice::gateway {
namespace {

using grpc::StatusCode;
using testing::ElementsAre;

class ReceiveTest : public GatewayFixture {
 protected:
  using Stream = grpc::ClientReaderWriter<v1::ReceiveRequest, v1::ReceiveResponse>;

  void StartGateway(GatewayOptions options = {}) { StartOn(&log_, options, nullptr, &queue_); }

  static v1::ReceiveRequest OpenRequest(const std::string& destination, const std::string& group,
                                        uint32_t window = 0) {
    v1::ReceiveRequest request;
    request.mutable_open()->set_destination(destination);
    request.mutable_open()->set_group(group);
    request.mutable_open()->set_window(window);
    return request;
  }
  // One that says that it is open.
  std::unique_ptr<Stream> Open(grpc::ClientContext* context, uint32_t window = 0) {
    auto stream = stub_->Receive(context);
    EXPECT_TRUE(stream->Write(OpenRequest("chat.*", "g", window)));
    stream->WaitForInitialMetadata();
    return stream;
  }
  // How a stream ends whose first request is this.
  grpc::Status StatusOf(const v1::ReceiveRequest& request) {
    grpc::ClientContext context;
    const auto stream = stub_->Receive(&context);
    stream->Write(request);
    return End(stream.get());
  }
  // What the server ended it with.
  static grpc::Status End(Stream* stream) {
    v1::ReceiveResponse response;
    EXPECT_FALSE(stream->Read(&response)) << response.ShortDebugString();
    return stream->Finish();
  }
  static ingest::ClientDelivery Delivery(const std::string& id, uint32_t attempt = 1) {
    return {.id = id,
            .attempt = attempt,
            .message = {.user_id = "alice",
                        .destination = "chat.send",
                        .data = "{\"n\":1}",
                        .time = WallTime(std::chrono::milliseconds(1'790'000'000'123)),
                        .connection = "0-1-2"}};
  }
  static v1::ReceiveResponse Next(Stream* stream) {
    v1::ReceiveResponse response;
    EXPECT_TRUE(stream->Read(&response));
    return response;
  }
  static void Say(Stream* stream, const std::string& id, bool rejects = false,
                  bool discard = false) {
    v1::ReceiveRequest request;
    if (rejects) {
      request.mutable_reject()->add_ids(id);
      request.mutable_reject()->set_discard(discard);
    } else {
      request.mutable_acknowledge()->add_ids(id);
    }
    ASSERT_TRUE(stream->Write(request));
  }

  FakeMessageQueue queue_;
  ingest::MemoryLog log_{LogOptions{}, Clock::System(), *Epoch::Parse("e1")};
};

TEST_F(ReceiveTest, GivesMessagesAndTakesWhatBecameOfThem) {
  StartGateway();
  grpc::ClientContext context;
  const auto stream = Open(&context);
  const ingest::ReceiverOptions options = queue_.AwaitReceiver();
  EXPECT_EQ(options.destinations.ToString(), "chat.*");
  EXPECT_EQ(options.group, "g");
  EXPECT_EQ(options.window, 100u);
  EXPECT_EQ(Metric("sluice_gateway_receivers"), 1);
  queue_.Deliver(Delivery("1"));
  queue_.Deliver(Delivery("2", 2));
  queue_.Deliver(Delivery("3"));
  const v1::ReceiveResponse first = Next(stream.get());
  EXPECT_EQ(first.id(), "1");
  EXPECT_EQ(first.user_id(), "alice");
  EXPECT_EQ(first.destination(), "chat.send");
  EXPECT_EQ(first.data(), "{\"n\":1}");
  EXPECT_EQ(first.time(), 1'790'000'000'123);
  EXPECT_EQ(first.connection(), "0-1-2");
  EXPECT_EQ(first.attempt(), 1u);
  EXPECT_EQ(Next(stream.get()).attempt(), 2u);
  EXPECT_EQ(Next(stream.get()).id(), "3");
  Say(stream.get(), "1");
  Say(stream.get(), "2", /*rejects=*/true);
  Say(stream.get(), "3", /*rejects=*/true, /*discard=*/true);
  using Verdict = FakeMessageQueue::Verdict;
  EXPECT_THAT(queue_.AwaitVerdicts(3),
              ElementsAre(Verdict{"1", "acknowledged"}, Verdict{"2", "rejected"},
                          Verdict{"3", "discarded"}));
  for (const char* result : {"acknowledged", "rejected", "discarded"}) {
    AwaitMetric(1, "sluice_gateway_client_messages_settled_total", result);
  }
  AwaitMetric(3, "sluice_gateway_client_messages_delivered_total");
  AwaitMetric(1, "sluice_gateway_client_messages_redelivered_total");
  stream->WritesDone();
  EXPECT_TRUE(End(stream.get()).ok());
  queue_.AwaitNoReceiver();
  AwaitMetric(0, "sluice_gateway_receivers");
}

TEST_F(ReceiveTest, RefusesWhatDoesNotOpen) {
  StartGateway();
  v1::ReceiveRequest acknowledge;
  acknowledge.mutable_acknowledge()->add_ids("1");
  for (const auto& [request, field] :
       {std::pair(v1::ReceiveRequest(), "open"), std::pair(acknowledge, "open"),
        std::pair(OpenRequest("", "g"), "open.destination"),
        std::pair(OpenRequest("a*b", "g"), "open.destination"),
        std::pair(OpenRequest("a*", "g"), "open.destination"),
        std::pair(OpenRequest("a..b", "g"), "open.destination"),
        std::pair(OpenRequest("a", ""), "open.group"),
        std::pair(OpenRequest("a", "g.h"), "open.group"),
        std::pair(OpenRequest("a", std::string(65, 'g')), "open.group"),
        std::pair(OpenRequest("a", "g", 1'001), "open.window")}) {
    const grpc::Status status = StatusOf(request);
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
    const auto details = DetailOf<google::rpc::BadRequest>(status);
    EXPECT_EQ(details.field_violations(0).field(), field);
  }
  EXPECT_EQ(Metric("sluice_gateway_receivers"), 0);
}

TEST_F(ReceiveTest, EndsAStreamThatOpensTwiceOrSaysNothing) {
  StartGateway();
  for (const v1::ReceiveRequest& request : {OpenRequest("a", "g"), v1::ReceiveRequest()}) {
    grpc::ClientContext context;
    const auto stream = Open(&context);
    stream->Write(request);
    EXPECT_EQ(End(stream.get()).error_code(), StatusCode::INVALID_ARGUMENT);
    queue_.AwaitNoReceiver();
  }
}

TEST_F(ReceiveTest, SaysWhyTheQueueDoesNotOpen) {
  StartGateway();
  for (const auto& [status, code] :
       {std::pair(absl::FailedPreconditionError("taken"), StatusCode::FAILED_PRECONDITION),
        std::pair(absl::UnavailableError("away"), StatusCode::UNAVAILABLE),
        std::pair(absl::ResourceExhaustedError("full"), StatusCode::RESOURCE_EXHAUSTED),
        std::pair(absl::InvalidArgumentError("no"), StatusCode::INVALID_ARGUMENT)}) {
    queue_.RefuseReceivers(status);
    const grpc::Status answer = StatusOf(OpenRequest("a", "g"));
    EXPECT_EQ(answer.error_code(), code);
    EXPECT_EQ(answer.error_message(), std::string(status.message()));
  }
}

TEST_F(ReceiveTest, WithoutAQueueThereIsNothing) {
  StartOn(&log_);
  EXPECT_EQ(StatusOf(OpenRequest("a", "g")).error_code(), StatusCode::UNAVAILABLE);
}

TEST_F(ReceiveTest, EndsWhenTheQueueDoes) {
  StartGateway();
  grpc::ClientContext context;
  const auto stream = Open(&context);
  queue_.AwaitReceiver();
  queue_.CloseReceiver(absl::UnavailableError("away"));
  EXPECT_EQ(End(stream.get()).error_code(), StatusCode::UNAVAILABLE);
  queue_.AwaitNoReceiver();
}

TEST_F(ReceiveTest, GivesBackWhatAClientLeavesBehind) {
  StartGateway();
  grpc::ClientContext context;
  const auto stream = Open(&context);
  queue_.AwaitReceiver();
  queue_.Deliver(Delivery("1"));
  Next(stream.get());
  context.TryCancel();
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::CANCELLED);
  queue_.AwaitNoReceiver();  // which has it redelivered
  AwaitMetric(0, "sluice_gateway_receivers");
  EXPECT_EQ(Metric("sluice_gateway_client_messages_settled_total", "acknowledged"), 0);
}

TEST_F(ReceiveTest, StoppingEndsItWithUnavailable) {
  StartGateway();
  grpc::ClientContext context;
  const auto stream = Open(&context);
  queue_.AwaitReceiver();
  queue_.Deliver(Delivery("1"));
  Next(stream.get());
  std::thread stop([this] { gateway_->Stop(); });
  EXPECT_EQ(End(stream.get()).error_code(), StatusCode::UNAVAILABLE);
  stop.join();
  queue_.AwaitNoReceiver();
}

TEST_F(ReceiveTest, DiscardsWhatNoClientCouldRead) {
  StartGateway();
  grpc::ClientContext context;
  const auto stream = Open(&context);
  queue_.AwaitReceiver();
  ingest::ClientDelivery delivery = Delivery("1");
  delivery.message.data = "\xff";
  queue_.Deliver(std::move(delivery));
  queue_.Deliver(Delivery("2"));
  EXPECT_EQ(Next(stream.get()).id(), "2");
  EXPECT_EQ(queue_.AwaitVerdicts(1)[0], (FakeMessageQueue::Verdict{"1", "discarded"}));
  stream->WritesDone();
  EXPECT_TRUE(End(stream.get()).ok());
}

TEST_F(ReceiveTest, WhatASlowClientDoesNotTakeGoesBackBeyondTheBudget) {
  StartGateway({.max_event_bytes = 1u << 20, .max_in_flight_bytes = 4u << 20});
  grpc::ClientContext context;
  const auto stream = Open(&context);
  queue_.AwaitReceiver();
  for (int i = 0; i < 40; ++i) {
    ingest::ClientDelivery delivery = Delivery(std::to_string(i));
    delivery.message.data = std::string(1u << 20, 'x');
    queue_.Deliver(std::move(delivery));
  }
  const auto verdicts = queue_.AwaitVerdicts(1);
  EXPECT_EQ(verdicts[0].what, "rejected");
  context.TryCancel();
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::CANCELLED);
  queue_.AwaitNoReceiver();
}

TEST_F(ReceiveTest, SurvivesStreamsThatOpenAndBreakQuickly) {
  StartGateway({.threads = 2});
  std::vector<std::thread> clients;
  for (int client = 0; client < 4; ++client) {
    clients.emplace_back([this, client] {
      const auto stub = v1::Gateway::NewStub(Connect());
      for (int i = 0; i < 100; ++i) {
        grpc::ClientContext context;
        const auto stream = stub->Receive(&context);
        if ((i + client) % 4 != 0) stream->Write(OpenRequest("chat.*", "g"));
        if (i % 3 == 0) stream->WritesDone();
        context.TryCancel();
        (void)stream->Finish();
      }
    });
  }
  for (std::thread& client : clients) client.join();
  gateway_->Stop();
  EXPECT_EQ(Metric("sluice_gateway_receivers"), 0);
}

TEST_F(ReceiveTest, AsksWhoReceives) {
  GatewayOptions options;
  options.publisher.key = "0123456789abcdef";
  options.publisher.receive = {"chat.*"};
  StartGateway(options);
  const auto status_of = [this](const std::string& destination, const std::string& key) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + key);
    const auto stream = stub_->Receive(&context);
    stream->Write(OpenRequest(destination, "g"));
    stream->WritesDone();
    return End(stream.get()).error_code();
  };
  EXPECT_EQ(status_of("chat.send", "wrong"), StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(status_of("chat.send", options.publisher.key), StatusCode::OK);
  EXPECT_EQ(status_of("chat.*", options.publisher.key), StatusCode::OK);
  EXPECT_EQ(status_of("chat", options.publisher.key), StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(status_of("*", options.publisher.key), StatusCode::PERMISSION_DENIED);
}

}  // namespace
}  // namespace sluice::gateway
