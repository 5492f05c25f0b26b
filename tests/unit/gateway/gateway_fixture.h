#pragma once

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/gateway.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "ingest/memory_log.h"
#include "sluice/v1/gateway.grpc.pb.h"
#include "tests/unit/gateway/fake_log.h"

namespace sluice::gateway {

// A gateway on a port of its own and a client of it over loopback.
class GatewayFixture : public testing::Test {
 protected:
  // Before the log of the test goes: an event may be answered before it is announced.
  void TearDown() override {
    if (gateway_) gateway_->Stop();
  }

  // Starts on `log`; call once.
  void StartOn(ingest::EventLog* log, GatewayOptions options = {}, Logger* logger = nullptr,
               ingest::ClientMessageQueue* messages = nullptr,
               ingest::Presence* presence = nullptr) {
    options.listen = "127.0.0.1:0";
    auto started = Gateway::Start({.options = options,
                                   .log = log,
                                   .revocations = log,
                                   .messages = messages,
                                   .presence = presence,
                                   .logger = logger});
    ASSERT_TRUE(started.ok()) << started.status();
    gateway_ = *std::move(started);
    channel_ = Connect();
    stub_ = v1::Gateway::NewStub(channel_);
  }

  // A connection of its own, whatever other channels there are.
  std::shared_ptr<grpc::Channel> Connect() {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetMaxReceiveMessageSize(-1);
    return grpc::CreateCustomChannel(Address(), grpc::InsecureChannelCredentials(), arguments);
  }
  std::string Address() { return "127.0.0.1:" + std::to_string(gateway_->port()); }

  static v1::PublishRequest ToUser(std::string_view user, std::string_view data,
                                   std::string_view key = "") {
    v1::PublishRequest request;
    request.set_user_id(std::string(user));
    request.mutable_event()->set_data(std::string(data));
    request.mutable_event()->set_idempotency_key(std::string(key));
    return request;
  }

  grpc::Status Publish(const v1::PublishRequest& request) {
    grpc::ClientContext context;
    return stub_->Publish(&context, request, &response_);
  }

  // Calls a unary method with bytes that the generated code would not send.
  grpc::Status CallWithBytes(const std::string& method, std::string_view bytes,
                             grpc::ByteBuffer* response = nullptr) {
    const grpc::Slice slice(bytes.data(), bytes.size());
    const grpc::ByteBuffer request(&slice, 1);
    grpc::ByteBuffer ignored;
    grpc::GenericStub stub(channel_);
    grpc::ClientContext context;
    grpc::CompletionQueue queue;
    grpc::Status status;
    auto call = stub.PrepareUnaryCall(&context, method, request, &queue);
    call->StartCall();
    call->Finish(response != nullptr ? response : &ignored, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    return status;
  }

  // The value of a counter or gauge of the gateway; of one `result` if given.
  double Metric(std::string_view name, std::string_view result = "") {
    for (const prometheus::MetricFamily& family : gateway_->Collect()) {
      if (family.name != name) continue;
      for (const prometheus::ClientMetric& metric : family.metric) {
        if (!result.empty() && metric.label.at(0).value != result) continue;
        return family.type == prometheus::MetricType::Gauge ? metric.gauge.value
                                                            : metric.counter.value;
      }
    }
    ADD_FAILURE() << "no metric " << name << " " << result;
    return -1;
  }

  // Answers leave a moment before they are counted; waits until the counter has come to `value`.
  void AwaitMetric(double value, std::string_view name, std::string_view result = "") {
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (Metric(name, result) != value && std::chrono::steady_clock::now() < patience) {
      std::this_thread::yield();
    }
    EXPECT_EQ(Metric(name, result), value) << name << " " << result;
  }

  template <typename Detail>
  static Detail DetailOf(const grpc::Status& status) {
    google::rpc::Status rich;
    Detail detail;
    EXPECT_TRUE(rich.ParseFromString(status.error_details()));
    EXPECT_EQ(rich.details_size(), 1);
    EXPECT_TRUE(rich.details_size() == 1 && rich.details(0).UnpackTo(&detail));
    return detail;
  }

  std::unique_ptr<Gateway> gateway_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::Gateway::Stub> stub_;
  v1::PublishResponse response_;  // of the last Publish
};

}  // namespace sluice::gateway
