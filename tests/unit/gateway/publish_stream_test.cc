#include <atomic>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/gateway/gateway_fixture.h"

namespace sluice::gateway {
namespace {

using grpc::StatusCode;

class PublishStreamTest : public GatewayFixture {
 protected:
  using Stream = grpc::ClientReaderWriter<v1::PublishRequest, v1::PublishStreamResponse>;

  std::unique_ptr<Stream> Open(grpc::ClientContext* context) {
    return stub_->PublishStream(context);
  }
  static void Send(Stream* stream, int events) {
    for (int i = 0; i < events; ++i) {
      ASSERT_TRUE(stream->Write(ToUser("u", std::to_string(i))));
    }
  }
  static v1::PublishResult Receive(Stream* stream) {
    v1::PublishStreamResponse response;
    EXPECT_TRUE(stream->Read(&response));
    return response.result();
  }
  // The stream's end, after which there are no more answers.
  static grpc::Status End(Stream* stream) {
    stream->WritesDone();
    v1::PublishStreamResponse response;
    EXPECT_FALSE(stream->Read(&response));
    return stream->Finish();
  }

  ingest::MemoryLog memory_{LogOptions{}, Clock::System(), *Epoch::Parse("e1")};
  FakeLog fake_;
};

TEST_F(PublishStreamTest, StoresAndAnswersInOrder) {
  StartOn(&memory_);
  grpc::ClientContext context;
  const auto stream = Open(&context);
  std::thread writer([&] {
    Send(stream.get(), 5'000);
    stream->WritesDone();
  });
  for (int i = 1; i <= 5'000; ++i) {
    const v1::PublishResult result = Receive(stream.get());
    ASSERT_EQ(result.code(), 0) << result.message();
    ASSERT_EQ(result.response().event_id(), "e1-" + std::to_string(i));
  }
  writer.join();
  v1::PublishStreamResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_TRUE(stream->Finish().ok());
  AwaitMetric(5'000, "sluice_gateway_events_published_total", "ok");
  AwaitMetric(0, "sluice_gateway_appends_in_flight");
}

TEST_F(PublishStreamTest, AnswersALoneEventAtOnce) {
  StartOn(&memory_);
  grpc::ClientContext context;
  const auto stream = Open(&context);
  for (int i = 1; i <= 3; ++i) {
    Send(stream.get(), 1);
    EXPECT_EQ(Receive(stream.get()).response().event_id(), "e1-" + std::to_string(i));
  }
  EXPECT_TRUE(End(stream.get()).ok());
}

TEST_F(PublishStreamTest, EndsAStreamWithoutEvents) {
  StartOn(&memory_);
  grpc::ClientContext context;
  EXPECT_TRUE(End(Open(&context).get()).ok());
}

TEST_F(PublishStreamTest, AnswersEachEventForItself) {
  StartOn(&memory_);
  grpc::ClientContext context;
  const auto stream = Open(&context);
  ASSERT_TRUE(stream->Write(ToUser("u", "1", "key")));
  ASSERT_TRUE(stream->Write(ToUser("", "2")));
  ASSERT_TRUE(stream->Write(ToUser("u", "1", "key")));
  EXPECT_EQ(Receive(stream.get()).response().event_id(), "e1-1");
  const v1::PublishResult bad = Receive(stream.get());
  EXPECT_EQ(bad.code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(bad.message(), "user_id must be 1 to 256 bytes, got 0");
  EXPECT_TRUE(Receive(stream.get()).response().duplicate());
  EXPECT_TRUE(End(stream.get()).ok());
}

TEST_F(PublishStreamTest, AnswersInOrderWhateverTheLogsOrder) {
  StartOn(&fake_);
  grpc::ClientContext context;
  const auto stream = Open(&context);
  Send(stream.get(), 4);
  fake_.AwaitAppends(4);
  fake_.Store(3, 13);
  fake_.Store(1, 11);
  fake_.Fail(2, absl::UnavailableError("away"));
  fake_.Store(0, 10);
  EXPECT_EQ(Receive(stream.get()).response().event_id(), "e1-10");
  EXPECT_EQ(Receive(stream.get()).response().event_id(), "e1-11");
  EXPECT_EQ(Receive(stream.get()).code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(Receive(stream.get()).response().event_id(), "e1-13");
  EXPECT_TRUE(End(stream.get()).ok());
}

TEST_F(PublishStreamTest, AnswersWhatIsOwedAfterTheClientsLastEvent) {
  StartOn(&fake_);
  grpc::ClientContext context;
  const auto stream = Open(&context);
  Send(stream.get(), 2);
  stream->WritesDone();
  fake_.AwaitAppends(2);
  fake_.Store(0, 1);
  fake_.Store(1, 2);
  EXPECT_EQ(Receive(stream.get()).response().event_id(), "e1-1");
  EXPECT_EQ(Receive(stream.get()).response().event_id(), "e1-2");
  v1::PublishStreamResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(PublishStreamTest, StopsReadingWhileTheLogOwesTooMany) {
  StartOn(&fake_);
  grpc::ClientContext context;
  const auto stream = Open(&context);
  Send(stream.get(), 1'030);
  fake_.AwaitAppends(1'024);
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(fake_.size(), 1'024 + i);
    fake_.Store(i, i + 1);
    EXPECT_EQ(Receive(stream.get()).code(), 0);
    fake_.AwaitAppends(1'025 + i);
  }
  for (size_t i = 6; i < 1'030; ++i) fake_.Store(i, i + 1);
  for (size_t i = 6; i < 1'030; ++i) {
    EXPECT_EQ(Receive(stream.get()).response().event_id(), "e1-" + std::to_string(i + 1));
  }
  EXPECT_TRUE(End(stream.get()).ok());
}

TEST_F(PublishStreamTest, SurvivesAStreamThatIsCancelledWhileTheLogHasItsEvents) {
  StartOn(&fake_);
  grpc::ClientContext context;
  const auto stream = Open(&context);
  Send(stream.get(), 3);
  fake_.AwaitAppends(3);
  context.TryCancel();
  v1::PublishStreamResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::CANCELLED);
  for (size_t i = 0; i < 3; ++i) fake_.Store(i, i + 1);
  AwaitMetric(3, "sluice_gateway_events_published_total", "ok");
  AwaitMetric(0, "sluice_gateway_appends_in_flight");
}

TEST_F(PublishStreamTest, RefusesTheEventsThatAreTooMuchToHold) {
  StartOn(&fake_, {.max_in_flight_bytes = 10'000});
  grpc::ClientContext context;
  const auto stream = Open(&context);
  Send(stream.get(), 1);
  ASSERT_TRUE(stream->Write(ToUser("u", std::string(5'000, 'x'))));
  Send(stream.get(), 1);
  fake_.AwaitAppends(2);  // the first and the third
  fake_.Store(0, 1);
  fake_.Store(1, 2);
  EXPECT_EQ(Receive(stream.get()).code(), 0);
  EXPECT_EQ(Receive(stream.get()).code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(Receive(stream.get()).code(), 0);
  EXPECT_TRUE(End(stream.get()).ok());
}

TEST_F(PublishStreamTest, EndsAStreamWhoseMessageIsTooLarge) {
  StartOn(&memory_);
  grpc::ClientContext context;
  const auto stream = Open(&context);
  stream->Write(ToUser("u", std::string((4u << 20) + 1, 'x')));
  v1::PublishStreamResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(Publish(ToUser("u", "still here")).ok());
}

TEST_F(PublishStreamTest, TakesALargeMessageInManyPieces) {
  StartOn(&memory_, {.max_event_bytes = 1u << 20});
  grpc::ClientContext context;
  const auto stream = Open(&context);
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(stream->Write(ToUser("u", std::string(1u << 20, 'x'))));
    EXPECT_EQ(Receive(stream.get()).code(), 0);
  }
  EXPECT_TRUE(End(stream.get()).ok());
}

TEST_F(PublishStreamTest, BoundsEachAppendOfALongStream) {
  fake_.AnswerAtOnceWith(absl::UnavailableError("away"));
  StartOn(&fake_, {.max_append_time = std::chrono::seconds(5)});
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::hours(1));
  const auto stream = Open(&context);
  Send(stream.get(), 1);
  EXPECT_EQ(Receive(stream.get()).code(), StatusCode::UNAVAILABLE);
  EXPECT_LE(fake_.given(0).deadline, std::chrono::steady_clock::now() + std::chrono::seconds(5));
  EXPECT_TRUE(End(stream.get()).ok());
}

TEST_F(PublishStreamTest, SurvivesStreamsThatOpenAndBreakQuickly) {
  StartOn(&memory_, {.threads = 2});
  std::vector<std::thread> clients;
  for (int client = 0; client < 4; ++client) {
    clients.emplace_back([this, client] {
      const auto stub = v1::Gateway::NewStub(Connect());
      for (int i = 0; i < 250; ++i) {
        grpc::ClientContext context;
        const auto stream = stub->PublishStream(&context);
        for (int event = 0; event < (i + client) % 4; ++event) stream->Write(ToUser("u", "{}"));
        if (i % 3 == 0) stream->WritesDone();
        context.TryCancel();
        (void)stream->Finish();
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_TRUE(Publish(ToUser("u", "still here")).ok());
  gateway_->Stop();
  EXPECT_EQ(Metric("sluice_gateway_appends_in_flight"), 0);
  EXPECT_EQ(Metric("sluice_gateway_events_published_total", "ok"),
            static_cast<double>(memory_.GetStats().last_sequence));
}

TEST_F(PublishStreamTest, StopsUnderLoad) {
  // Often: an event has to arrive in the moment in which its stream ends.
  for (int round = 0; round < 10; ++round) {
    const uint64_t before = memory_.GetStats().last_sequence;
    StartOn(&memory_, {.threads = 2});
    std::atomic<uint64_t> stored = 0;
    std::latch are_all_streaming(16);
    std::vector<std::thread> clients;
    for (int i = 0; i < 16; ++i) {
      clients.emplace_back([&] {
        const auto stub = v1::Gateway::NewStub(Connect());
        grpc::ClientContext context;
        context.set_wait_for_ready(true);  // some of gRPC's first connections fail
        const auto stream = stub->PublishStream(&context);
        v1::PublishStreamResponse response;
        // One at a time, so that the gateway mostly waits for the next.
        for (int n = 1; stream->Write(ToUser("u", "{}")) && stream->Read(&response); ++n) {
          if (response.result().code() == 0) ++stored;
          if (n == 5) are_all_streaming.count_down();
        }
        EXPECT_EQ(stream->Finish().error_code(), StatusCode::UNAVAILABLE);
      });
    }
    are_all_streaming.wait();
    gateway_->Stop();
    for (std::thread& client : clients) client.join();
    // Whoever was told OK is in the log.
    EXPECT_LE(stored, memory_.GetStats().last_sequence - before);
    EXPECT_EQ(Metric("sluice_gateway_appends_in_flight"), 0);
  }
}

TEST_F(PublishStreamTest, HoldsAThousandStreamsAtOnce) {
  StartOn(&memory_);
  constexpr size_t kStreams = 1'000;
  std::vector<grpc::ClientContext> contexts(kStreams);
  std::vector<std::unique_ptr<Stream>> streams;
  for (grpc::ClientContext& context : contexts) streams.push_back(Open(&context));
  for (const auto& stream : streams) Send(stream.get(), 1);
  for (const auto& stream : streams) EXPECT_EQ(Receive(stream.get()).code(), 0);
  for (const auto& stream : streams) EXPECT_TRUE(End(stream.get()).ok());
}

}  // namespace
}  // namespace sluice::gateway
