#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <future>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "absl/strings/str_cat.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/unit/gateway/gateway_fixture.h"

namespace sluice::gateway {
namespace {

using grpc::StatusCode;
using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using testing::HasSubstr;
using namespace std::string_literals;

class GatewayTest : public GatewayFixture {
 protected:
  static HealthCheckRequest Of(std::string_view service) {
    HealthCheckRequest request;
    request.set_service(std::string(service));
    return request;
  }
  // What Check says; nullopt if the service is unknown.
  std::optional<HealthCheckResponse::ServingStatus> Check(std::string_view service) {
    grpc::ClientContext context;
    HealthCheckResponse response;
    const grpc::Status status = Health::NewStub(channel_)->Check(&context, Of(service), &response);
    if (status.ok()) return response.status();
    EXPECT_EQ(status.error_code(), StatusCode::NOT_FOUND);
    return std::nullopt;
  }
  static HealthCheckResponse::ServingStatus Next(grpc::ClientReader<HealthCheckResponse>* watch) {
    HealthCheckResponse response;
    EXPECT_TRUE(watch->Read(&response));
    return response.status();
  }

  // Sends `bytes` on a connection of its own and waits for its end.
  void SendRaw(std::string_view bytes) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(gateway_->port()));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    (void)send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
    char buffer[1024];
    while (recv(fd, buffer, sizeof buffer, 0) > 0) {
    }
    close(fd);
  }

  // Asks reflection for the services, as raw bytes: ServerReflectionRequest.list_services = "".
  grpc::Status ListServices(std::string* services) {
    return ListServicesBy("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                          services);
  }

  ingest::MemoryLog memory_{LogOptions{}};
  FakeLog fake_;

 private:
  grpc::Status ListServicesBy(const std::string& method, std::string* services) {
    const grpc::Slice slice("\x3a\x00"s);
    grpc::GenericStub stub(channel_);
    grpc::ClientContext context;
    grpc::CompletionQueue queue;
    void* tag = nullptr;
    bool ok = false;
    auto call = stub.PrepareCall(&context, method, &queue);
    call->StartCall(nullptr);
    queue.Next(&tag, &ok);
    call->WriteLast(grpc::ByteBuffer(&slice, 1), grpc::WriteOptions(), nullptr);
    queue.Next(&tag, &ok);
    grpc::ByteBuffer answer;
    call->Read(&answer, nullptr);
    queue.Next(&tag, &ok);
    if (grpc::Slice bytes; ok && answer.DumpToSingleSlice(&bytes).ok()) {
      services->assign(bytes.begin(), bytes.end());
    }
    grpc::Status status;
    call->Finish(&status, nullptr);
    queue.Next(&tag, &ok);
    return status;
  }
};

TEST_F(GatewayTest, SaysWhyItCannotListen) {
  StartOn(&memory_);
  const auto second = Gateway::Start({.options = {.listen = Address()}, .log = &memory_});
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(second.status().message(),
            "cannot listen on " + Address() + " (gRPC): Address already in use");
  EXPECT_TRUE(Publish(ToUser("u", "the first is not disturbed")).ok());

  const auto foreign = Gateway::Start({.options = {.listen = "192.0.2.1:0"}, .log = &memory_});
  EXPECT_EQ(foreign.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(foreign.status().message()),
              HasSubstr("Cannot assign requested address"));
}

TEST_F(GatewayTest, RefusesAnAddressThatIsNone) {
  for (const char* listen : {"", "nonsense", "127.0.0.1", "127.0.0.1:99999", "host.example:1"}) {
    EXPECT_EQ(Gateway::Start({.options = {.listen = listen}, .log = &memory_}).status().code(),
              absl::StatusCode::kInvalidArgument)
        << listen;
  }
}

TEST_F(GatewayTest, IsHealthyUntilItIsToldOtherwise) {
  StartOn(&memory_);
  EXPECT_EQ(Check(""), HealthCheckResponse::SERVING);
  EXPECT_EQ(Check("sluice.v1.Gateway"), HealthCheckResponse::SERVING);
  EXPECT_EQ(Check("sluice.v1.Gatewa"), std::nullopt);
  gateway_->SetServing(false);
  EXPECT_EQ(Check(""), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(Check("sluice.v1.Gateway"), HealthCheckResponse::NOT_SERVING);
  EXPECT_TRUE(Publish(ToUser("u", "served all the same")).ok());
  gateway_->SetServing(true);
  EXPECT_EQ(Check(""), HealthCheckResponse::SERVING);
}

TEST_F(GatewayTest, TellsWatchersEachChangeAndTheEnd) {
  StartOn(&memory_);
  grpc::ClientContext context;
  const auto watch = Health::NewStub(channel_)->Watch(&context, Of("sluice.v1.Gateway"));
  EXPECT_EQ(Next(watch.get()), HealthCheckResponse::SERVING);
  gateway_->SetServing(false);
  EXPECT_EQ(Next(watch.get()), HealthCheckResponse::NOT_SERVING);
  gateway_->SetServing(true);
  EXPECT_EQ(Next(watch.get()), HealthCheckResponse::SERVING);
  gateway_->Stop();
  EXPECT_EQ(Next(watch.get()), HealthCheckResponse::NOT_SERVING);
  HealthCheckResponse response;
  EXPECT_FALSE(watch->Read(&response));
  EXPECT_EQ(watch->Finish().error_code(), StatusCode::UNAVAILABLE);
}

TEST_F(GatewayTest, KeepsWatchersOfUnknownServices) {
  StartOn(&memory_);
  grpc::ClientContext context;
  const auto watch = Health::NewStub(channel_)->Watch(&context, Of("nobody"));
  EXPECT_EQ(Next(watch.get()), HealthCheckResponse::SERVICE_UNKNOWN);
  context.TryCancel();
  EXPECT_EQ(watch->Finish().error_code(), StatusCode::CANCELLED);
}

TEST_F(GatewayTest, ForgetsWatchersThatLeave) {
  StartOn(&memory_);
  for (int i = 0; i < 50; ++i) {
    grpc::ClientContext context;
    const auto watch = Health::NewStub(channel_)->Watch(&context, Of(""));
    EXPECT_EQ(Next(watch.get()), HealthCheckResponse::SERVING);
    context.TryCancel();
    EXPECT_EQ(watch->Finish().error_code(), StatusCode::CANCELLED);
  }
  gateway_->SetServing(false);
  EXPECT_EQ(Check(""), HealthCheckResponse::NOT_SERVING);
}

TEST_F(GatewayTest, DescribesItselfIfItShall) {
  StartOn(&memory_);
  std::string services;
  EXPECT_TRUE(ListServices(&services).ok());
  EXPECT_THAT(services, HasSubstr("sluice.v1.Gateway"));
  EXPECT_THAT(services, HasSubstr("grpc.health.v1.Health"));
}

TEST_F(GatewayTest, KeepsToItselfIfItShall) {
  StartOn(&memory_, {.reflection = false});
  std::string services;
  EXPECT_EQ(ListServices(&services).error_code(), StatusCode::UNIMPLEMENTED);
}

TEST_F(GatewayTest, SendsConnectionsElsewhereWhenTheyAreOld) {
  StartOn(&memory_, {.max_connection_age = std::chrono::milliseconds(50)});
  ASSERT_EQ(channel_->GetState(true), GRPC_CHANNEL_IDLE);
  ASSERT_TRUE(Publish(ToUser("u", "{}")).ok());
  ASSERT_TRUE(channel_->WaitForStateChange(
      GRPC_CHANNEL_READY, std::chrono::system_clock::now() + std::chrono::seconds(20)));
  EXPECT_TRUE(Publish(ToUser("u", "on a new connection")).ok());
}

TEST_F(GatewayTest, SurvivesOtherProtocolsOnItsPort) {
  StartOn(&memory_);
  for (const std::string& bytes :
       {"GET / HTTP/1.1\r\nHost: x\r\n\r\n"s, "\x16\x03\x01\x02\x00"s, std::string(100'000, 'x'),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"s + std::string(1'000, '\0'), ""s}) {
    SendRaw(bytes);
  }
  EXPECT_TRUE(Publish(ToUser("u", "still here")).ok());
}

TEST_F(GatewayTest, AnswersWhatItHasWhenItStops) {
  StartOn(&fake_, {.stop_grace = std::chrono::minutes(10)});
  std::future<grpc::Status> publish =
      std::async(std::launch::async, [this] { return Publish(ToUser("u", "{}")); });
  grpc::ClientContext context;
  const auto stream = stub_->PublishStream(&context);
  fake_.AwaitAppends(1);
  stream->Write(ToUser("u", "{}"));
  fake_.AwaitAppends(2);
  std::thread stop([this] { gateway_->Stop(); });
  // New calls are refused, or never come to a stopped server.
  grpc::Status refused;
  do {
    grpc::ClientContext attempt;
    attempt.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(1));
    HealthCheckResponse response;
    refused = Health::NewStub(channel_)->Check(&attempt, {}, &response);
  } while (refused.ok());
  fake_.Store(0, 1);
  fake_.Store(1, 2);
  EXPECT_TRUE(publish.get().ok());
  v1::PublishStreamResponse response;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.result().response().event_id(), "e1-2");
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::UNAVAILABLE);
  stop.join();
}

TEST_F(GatewayTest, GivesUpOnTheLogWhenTheGraceIsOver) {
  StartOn(&fake_, {.stop_grace = std::chrono::milliseconds(50)});
  std::future<grpc::Status> publish =
      std::async(std::launch::async, [this] { return Publish(ToUser("u", "{}")); });
  fake_.AwaitAppends(1);
  v1::PublishBatchResponse batch_response;
  std::future<grpc::Status> batch = std::async(std::launch::async, [&] {
    grpc::ClientContext context;
    v1::PublishBatchRequest request;
    *request.add_requests() = ToUser("u", "{}");
    *request.add_requests() = ToUser("", "{}");
    return stub_->PublishBatch(&context, request, &batch_response);
  });
  fake_.AwaitAppends(2);
  grpc::ClientContext context;
  const auto stream = stub_->PublishStream(&context);
  stream->Write(ToUser("u", "{}"));
  fake_.AwaitAppends(3);
  gateway_->Stop();

  EXPECT_EQ(publish.get().error_code(), StatusCode::UNAVAILABLE);
  ASSERT_TRUE(batch.get().ok());
  EXPECT_EQ(batch_response.results(0).code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(batch_response.results(1).code(), StatusCode::INVALID_ARGUMENT);
  v1::PublishStreamResponse response;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.result().code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(Metric("sluice_gateway_appends_in_flight"), 0);
  EXPECT_EQ(Metric("sluice_gateway_events_published_total", "unavailable"), 3);

  // The log may still answer, even when the gateway is no more.
  fake_.Store(0, 1);
  gateway_.reset();
  fake_.Store(1, 2);
  fake_.Fail(2, absl::UnavailableError("away"));
}

TEST_F(GatewayTest, StopsAtOnceWhenOnlyIdleStreamsAreOpen) {
  StartOn(&memory_, {.stop_grace = std::chrono::minutes(10)});
  grpc::ClientContext context;
  const auto stream = stub_->PublishStream(&context);
  stream->Write(ToUser("u", "{}"));
  v1::PublishStreamResponse response;
  ASSERT_TRUE(stream->Read(&response));
  gateway_->Stop();
  EXPECT_FALSE(stream->Read(&response));
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "the gateway is stopping");
}

TEST_F(GatewayTest, StopsTwiceAndWithoutEverBeingCalled) {
  StartOn(&memory_);
  gateway_->Stop();
  gateway_->Stop();
  gateway_.reset();
  StartOn(&memory_);
  gateway_.reset();
}

TEST_F(GatewayTest, StopsUnderLoad) {
  StartOn(&memory_, {.threads = 2});
  std::atomic<bool> stopped = false;
  std::atomic<uint64_t> stored = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back([&] {
      const auto stub = v1::Gateway::NewStub(Connect());
      while (!stopped) {
        grpc::ClientContext context;
        context.set_wait_for_ready(false);
        v1::PublishResponse response;
        if (stub->Publish(&context, ToUser("u", "{}"), &response).ok()) ++stored;
      }
    });
  }
  while (stored < 100) std::this_thread::yield();
  gateway_->Stop();
  stopped = true;
  for (std::thread& client : clients) client.join();
  // Whoever was told OK is in the log.
  EXPECT_LE(stored, memory_.GetStats().last_sequence);
}

TEST_F(GatewayTest, AStopIsNoFailureForPublishersThatRetryAtAnother) {
  std::ifstream file(SLUICE_SOURCE_DIR "/proto/sluice/v1/service_config.json");
  const std::string config(std::istreambuf_iterator<char>(file), {});
  StartOn(&memory_, {.threads = 2});
  const std::unique_ptr<Gateway> stopped = std::move(gateway_);
  const int first_port = stopped->port();
  StartOn(&memory_, {.threads = 2});
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(config);
  const std::string both =
      absl::StrCat("ipv4:127.0.0.1:", first_port, ",127.0.0.1:", gateway_->port());
  std::atomic<uint64_t> answered = 0;
  std::atomic<bool> is_enough = false;
  std::vector<std::thread> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back([&, i] {
      grpc::ChannelArguments own = arguments;
      own.SetInt("test.client", i);  // a connection of its own
      const auto stub = v1::Gateway::NewStub(
          grpc::CreateCustomChannel(both, grpc::InsecureChannelCredentials(), own));
      while (!is_enough) {
        grpc::ClientContext context;
        v1::PublishResponse response;
        const grpc::Status status = stub->Publish(&context, ToUser("u", "{}"), &response);
        EXPECT_TRUE(status.ok()) << status.error_code() << " " << status.error_message();
        ++answered;
      }
    });
  }
  while (answered < 100) std::this_thread::yield();
  stopped->Stop();
  const uint64_t then = answered;
  while (answered < then + 100) std::this_thread::yield();
  is_enough = true;
  for (std::thread& client : clients) client.join();
}

}  // namespace
}  // namespace sluice::gateway
