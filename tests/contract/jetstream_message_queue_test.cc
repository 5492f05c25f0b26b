#include "ingest/jetstream_message_queue.h"

#include <csignal>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/client_message_stream.h"
#include "tests/contract/message_queue_fixture.h"
#include "tests/contract/recording_receiver.h"
#include "tests/eventually.h"
#include "tests/nats_server.h"

namespace sluice::ingest {
namespace {

using std::chrono::seconds;
using ::testing::EndsWith;
using ::testing::HasSubstr;

constexpr const char* kStream = "SLUICE_DEFAULT_INBOX";

// The queue on a real nats-server that a test may stop and tamper with.
class JetstreamMessageQueueTest : public testing::Test {
 protected:
  std::unique_ptr<JetstreamMessageQueue> OpenQueue(bool awaits_ready = true) {
    nats_.urls = {server_.url()};
    auto queue = JetstreamMessageQueue::Open({.options = options_, .nats = nats_});
    EXPECT_TRUE(queue.ok()) << queue.status();
    if (awaits_ready) {
      EXPECT_TRUE(Eventually([&] { return (*queue)->is_ready(); }));
    }
    return *std::move(queue);
  }
  static std::future<absl::Status> Begin(JetstreamMessageQueue* queue, const std::string& user,
                                         const std::string& data) {
    auto promise = std::make_shared<std::promise<absl::Status>>();
    queue->Append({.user_id = user,
                   .destination = "chat.send",
                   .data = data,
                   .time = WallTime(seconds(1)),
                   .connection = ""},
                  [promise](absl::Status status) { promise->set_value(std::move(status)); });
    return promise->get_future();
  }
  static absl::Status Append(JetstreamMessageQueue* queue, const std::string& user,
                             const std::string& data) {
    return Begin(queue, user, data).get();
  }
  static Backend OpenBackend(JetstreamMessageQueue* queue, uint32_t window = 100) {
    Backend backend;
    auto receiver = queue->OpenReceiver({.group = "group", .window = window}, backend.sink.get());
    EXPECT_TRUE(receiver.ok()) << receiver.status();
    if (receiver.ok()) backend.receiver = *std::move(receiver);
    return backend;
  }
  static double Metric(const JetstreamMessageQueue& queue, const std::string& name) {
    for (const auto& family : queue.Collect()) {
      if (family.name == "sluice_ingest_client_messages_" + name) {
        return family.metric[0].counter.value + family.metric[0].gauge.value;
      }
    }
    ADD_FAILURE() << "no metric " << name;
    return -1;
  }
  void Restart(JetstreamMessageQueue* queue, int signal) {
    server_.Stop(signal);
    ASSERT_TRUE(Eventually([&] { return !queue->is_ready(); }));
    server_.Start();
    ASSERT_TRUE(Eventually([&] { return queue->is_ready(); }));
  }

  ClientMessageOptions options_;
  NatsOptions nats_;
  NatsServer server_;
};

TEST_F(JetstreamMessageQueueTest, ARestartKeepsWhatWasStored) {
  for (const int signal : {SIGTERM, SIGKILL}) {
    const auto queue = OpenQueue();
    ASSERT_TRUE(Append(queue.get(), "alice", "1").ok());
    ASSERT_TRUE(Append(queue.get(), "alice", "2").ok());
    Restart(queue.get(), signal);
    Backend backend = OpenBackend(queue.get());
    EXPECT_EQ(backend.Take(0), "1");
    EXPECT_EQ(backend.Take(1), "2");
    EXPECT_EQ(backend.Await(1).attempt, 1u);
  }
}

TEST_F(JetstreamMessageQueueTest, AReceiverOutlivesARestart) {
  const auto queue = OpenQueue();
  Backend backend = OpenBackend(queue.get());
  ASSERT_TRUE(Append(queue.get(), "alice", "1").ok());
  ASSERT_TRUE(Append(queue.get(), "alice", "2").ok());
  EXPECT_EQ(backend.Data(0), "1");
  Restart(queue.get(), SIGTERM);
  EXPECT_EQ(backend.Take(0), "1");  // held all the while
  EXPECT_EQ(backend.Take(1), "2");
  ASSERT_TRUE(Append(queue.get(), "alice", "3").ok());
  EXPECT_EQ(backend.Take(2), "3");
}

TEST_F(JetstreamMessageQueueTest, AReceiverOutlivesTheStream) {
  const auto queue = OpenQueue();
  Backend backend = OpenBackend(queue.get());
  ASSERT_TRUE(Append(queue.get(), "alice", "1").ok());
  const std::string id = backend.Await(0).id;
  NatsClient(server_).Request(std::string("$JS.API.STREAM.DELETE.") + kStream);
  // Nobody takes it until the queue has noticed; it makes the stream again.
  ASSERT_TRUE(Eventually([&] { return Append(queue.get(), "bob", "2").ok(); }));
  EXPECT_EQ(backend.Take(1), "2");
  EXPECT_NE(backend.Await(1).id, id) << "the id of another message";
}

TEST_F(JetstreamMessageQueueTest, WithoutNatsItIsAway) {
  const auto queue = OpenQueue();
  server_.Pause();
  std::future<absl::Status> under_way = Begin(queue.get(), "alice", "1");
  server_.Stop(SIGKILL);
  EXPECT_TRUE(absl::IsUnavailable(under_way.get()));
  EXPECT_TRUE(absl::IsUnavailable(Append(queue.get(), "alice", "2")));
  RecordingReceiver sink;
  EXPECT_TRUE(absl::IsUnavailable(queue->OpenReceiver({.group = "group"}, &sink).status()));
  server_.Start();
  ASSERT_TRUE(Eventually([&] { return queue->is_ready(); }));
  EXPECT_TRUE(Append(queue.get(), "alice", "3").ok());
}

TEST_F(JetstreamMessageQueueTest, AppendsUnderWayAreAnsweredAtTheEnd) {
  auto queue = OpenQueue();
  server_.Pause();
  std::future<absl::Status> under_way = Begin(queue.get(), "alice", "1");
  queue.reset();
  EXPECT_TRUE(absl::IsUnavailable(under_way.get()));
}

TEST_F(JetstreamMessageQueueTest, AStreamOfOtherSettingsIsRefused) {
  OpenQueue();
  options_.max_messages = 7;
  const auto queue = OpenQueue(/*awaits_ready=*/false);
  ASSERT_TRUE(Eventually([&] { return !queue->refusal().ok(); }));
  EXPECT_TRUE(absl::IsFailedPrecondition(queue->refusal()));
  EXPECT_THAT(std::string(queue->refusal().message()), HasSubstr("max_msgs is 100000, not 7"));
  EXPECT_FALSE(queue->is_ready());
}

TEST_F(JetstreamMessageQueueTest, WhatIsNoMessageIsRemovedAndDelaysNothing) {
  const auto queue = OpenQueue();
  NatsClient client(server_);
  const uint32_t partition = ClientMessageStream::PartitionOf("alice");
  const std::string subject = "sluice.default.in." + std::to_string(partition) + ".";
  client.Publish(subject + "chat", "no user");
  client.Publish(subject + "a=2", "no token", {"Sluice-User: alice"});
  client.Publish(subject + "chat", "no user's name", {"Sluice-User: a=0A"});
  client.Publish("sluice.default.in.x", "no destination", {"Sluice-User: alice"});
  client.Publish("sluice.default.in." + std::to_string(partition), "", {"Sluice-User: alice"});
  client.Publish(subject + "chat.foreign", "fine", {"Sluice-User: alice"});
  Backend backend = OpenBackend(queue.get());
  EXPECT_EQ(backend.Take(0), "fine");
  EXPECT_EQ(backend.Await(0).message.destination, "chat.foreign");
  EXPECT_EQ(Metric(*queue, "malformed_total"), 3);
  ASSERT_TRUE(Append(queue.get(), "alice", "next").ok());
  EXPECT_EQ(backend.Take(1), "next");
}

TEST_F(JetstreamMessageQueueTest, WhatFindsNoRoomGoesToAnotherProcess) {
  options_.ack_wait = seconds(20);  // it waits for a quarter
  const auto queue = OpenQueue();
  Backend slow = OpenBackend(queue.get(), /*window=*/1);
  ASSERT_TRUE(Append(queue.get(), "alice", "1").ok());
  slow.Await(0);
  // The process has asked for a message of each partition, and has no room for this one.
  ASSERT_TRUE(Append(queue.get(), "bob", "2").ok());
  const auto other_queue = OpenQueue();
  Backend other = OpenBackend(other_queue.get());
  EXPECT_EQ(other.Take(0), "2");
  EXPECT_EQ(slow.sink->count(), 1u);
}

// As if nats-server waited for an answer to a message that it no longer has.
TEST_F(JetstreamMessageQueueTest, AConsumerThatStandsStillIsMadeAnew) {
  options_.ack_wait = seconds(1);
  const auto queue = OpenQueue();
  {
    Backend backend = OpenBackend(queue.get());
    ASSERT_TRUE(Append(queue.get(), "alice", "1").ok());
    backend.Take(0);
  }
  const std::string consumer = ClientMessageStream::ConsumerPrefix({.group = "group"}) +
                               std::to_string(ClientMessageStream::PartitionOf("alice"));
  NatsClient other(server_);
  ASSERT_TRUE(Append(queue.get(), "alice", "2").ok());
  const std::string next = std::string("$JS.API.CONSUMER.MSG.NEXT.") + kStream + "." + consumer;
  ASSERT_THAT(other.Request(next, R"({"batch":1,"expires":20000000000})"), EndsWith("\r\n2"));
  // It says that it is at work on "2", and never ends.
  const std::string reply = std::string("$JS.ACK.") + kStream + "." + consumer + ".1.2.2.1.0";
  const Backend backend = OpenBackend(queue.get());
  EXPECT_TRUE(Eventually([&] {
    other.Publish(reply, "+WPI");
    return backend.sink->count() > 0;
  }));
  EXPECT_EQ(Metric(*queue, "consumers_remade_total"), 1);
}

TEST_F(JetstreamMessageQueueTest, ASlowReceiverGetsEverythingInTheEnd) {
  options_.ack_wait = seconds(20);
  const auto queue = OpenQueue();
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(Append(queue.get(), "user" + std::to_string(i), "x").ok());
  }
  Backend slow = OpenBackend(queue.get(), /*window=*/1);
  slow.Await(0);
  // The others wait for room, longer than the quarter for which they are kept here.
  const auto later = std::chrono::steady_clock::now() + seconds(6);
  ASSERT_TRUE(Eventually([later] { return std::chrono::steady_clock::now() > later; }));
  EXPECT_EQ(slow.sink->count(), 1u);
  for (size_t i = 0; i < 10; ++i) slow.Take(i);
  EXPECT_EQ(Metric(*queue, "acknowledged_total"), 10);
}

TEST_F(JetstreamMessageQueueTest, MetricsSayWhatHappened) {
  options_.max_messages = 2;
  const auto queue = OpenQueue();
  ASSERT_TRUE(Append(queue.get(), "alice", "1").ok());
  ASSERT_TRUE(Append(queue.get(), "alice", "2").ok());
  EXPECT_TRUE(absl::IsResourceExhausted(Append(queue.get(), "alice", "3")));
  Backend first = OpenBackend(queue.get());
  first.Await(0);
  first.receiver.reset();
  Backend second = OpenBackend(queue.get());
  second.Take(0);
  second.receiver->Reject(second.Await(1).id, /*discard=*/true);
  EXPECT_EQ(Metric(*queue, "stored_total"), 2);
  EXPECT_EQ(Metric(*queue, "refused_total"), 1);
  EXPECT_EQ(Metric(*queue, "delivered_total"), 3);
  EXPECT_EQ(Metric(*queue, "redelivered_total"), 1);
  EXPECT_EQ(Metric(*queue, "acknowledged_total"), 1);
  EXPECT_EQ(Metric(*queue, "discarded_total"), 1);
}

}  // namespace
}  // namespace sluice::ingest
