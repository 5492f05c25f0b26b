#include "ingest/memory_message_queue.h"

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/contract/recording_receiver.h"
#include "tests/eventually.h"
#include "tests/fake_clock.h"

namespace sluice::ingest {
namespace {

using std::chrono::seconds;

// What tests/contract/message_queue_test.cc cannot ask of every queue.
class MemoryMessageQueueTest : public testing::Test {
 protected:
  absl::Status Append(const std::string& user, const std::string& data) {
    absl::Status result = absl::UnknownError("not answered");
    queue().Append(
        {.user_id = user, .destination = "d", .data = data, .time = {}, .connection = ""},
        [&result](absl::Status status) { result = std::move(status); });
    return result;
  }
  std::unique_ptr<ClientMessageReceiver> Open(ClientMessageSink* sink, uint32_t window = 100) {
    auto receiver = queue().OpenReceiver({.group = "group", .window = window}, sink);
    EXPECT_TRUE(receiver.ok()) << receiver.status();
    return *std::move(receiver);
  }
  MemoryMessageQueue& queue() {
    if (!queue_) queue_ = std::make_unique<MemoryMessageQueue>(options_, clock_);
    return *queue_;
  }

  ClientMessageOptions options_;
  FakeClock clock_;
  std::unique_ptr<MemoryMessageQueue> queue_;
};

TEST_F(MemoryMessageQueueTest, AnotherReceiverIsAskedAfterOneThatDidNotAnswer) {
  RecordingReceiver silent, other;
  const auto first = Open(&silent);
  ASSERT_TRUE(Append("alice", "1").ok());
  silent.Await(0);
  const auto second = Open(&other);
  clock_.Advance(options_.ack_wait);
  const ClientDelivery again = other.Await(0);
  EXPECT_EQ(again.attempt, 2u);
  first->Acknowledge(again.id);  // its time was over
  EXPECT_EQ(queue().GetStats().messages, 1u);
  second->Acknowledge(again.id);
  EXPECT_EQ(queue().GetStats().messages, 0u);
  EXPECT_EQ(queue().GetStats().redelivered, 1u);
}

TEST_F(MemoryMessageQueueTest, WhatGrewOldIsCounted) {
  options_.max_age = seconds(10);
  options_.ack_wait = seconds(60);
  RecordingReceiver sink;
  const auto receiver = Open(&sink);
  for (const char* data : {"held", "behind", "last"}) ASSERT_TRUE(Append("alice", data).ok());
  ASSERT_TRUE(Append("bob", "rejected").ok());
  const ClientDelivery held = sink.Await(0);
  receiver->Reject(sink.Await(1).id, /*discard=*/false);
  clock_.Advance(seconds(10));
  ASSERT_TRUE(Append("alice", "new").ok());
  EXPECT_EQ(queue().GetStats().expired, 3u);
  EXPECT_EQ(queue().GetStats().messages, 2u) << "what a backend has stays until it answers";
  EXPECT_EQ(sink.count(), 2u);
  receiver->Acknowledge(held.id);
  EXPECT_EQ(sink.Await(2).message.data, "new");
}

TEST_F(MemoryMessageQueueTest, AnOldMessageGoesWithItsReceiver) {
  options_.max_age = seconds(10);
  RecordingReceiver sink;
  auto receiver = Open(&sink);
  ASSERT_TRUE(Append("alice", "1").ok());
  sink.Await(0);
  clock_.Advance(seconds(10));
  receiver.reset();
  EXPECT_EQ(queue().GetStats().messages, 0u);
  EXPECT_EQ(queue().GetStats().expired, 1u);
  EXPECT_EQ(queue().GetStats().bytes, 0u);
}

TEST_F(MemoryMessageQueueTest, MetricsSayWhatHappened) {
  options_.max_messages = 1;
  RecordingReceiver sink;
  const auto receiver = Open(&sink);
  ASSERT_TRUE(Append("alice", "1").ok());
  EXPECT_TRUE(absl::IsResourceExhausted(Append("alice", "2")));
  receiver->Reject(sink.Await(0).id, /*discard=*/true);
  std::map<std::string, double> values;
  for (const auto& family : queue().Collect()) {
    values[family.name] = family.metric[0].counter.value + family.metric[0].gauge.value;
  }
  EXPECT_EQ(values["sluice_ingest_client_messages"], 0);
  EXPECT_EQ(values["sluice_ingest_client_messages_bytes"], 0);
  EXPECT_EQ(values["sluice_ingest_client_messages_stored_total"], 1);
  EXPECT_EQ(values["sluice_ingest_client_messages_refused_total"], 1);
  EXPECT_EQ(values["sluice_ingest_client_messages_delivered_total"], 1);
  EXPECT_EQ(values["sluice_ingest_client_messages_discarded_total"], 1);
}

// Acknowledges at once; counts what comes out of order.
class Worker final : public ClientMessageSink {
 public:
  void OnMessage(ClientDelivery delivery) override {
    while (receiver.load() == nullptr) std::this_thread::yield();
    receiver.load()->Acknowledge(delivery.id);
    ++taken;
  }
  void OnClosed(absl::Status) override {}
  std::atomic<ClientMessageReceiver*> receiver{nullptr};
  std::atomic<int> taken{0};
};

TEST_F(MemoryMessageQueueTest, ReceiversComeAndGoWhileOthersSend) {
  constexpr int kMessages = 20'000;
  options_.max_messages = kMessages * 2;
  queue();
  std::vector<std::thread> senders;
  for (int s = 0; s < 2; ++s) {
    senders.emplace_back([this, s] {
      for (int i = 0; i < kMessages; ++i) {
        EXPECT_TRUE(Append("user" + std::to_string(s) + std::to_string(i % 10), "x").ok());
      }
    });
  }
  RecordingReceiver holder;
  for (int i = 0; i < 200; ++i) {
    const auto held = Open(&holder, 3);  // leaves with what it holds
    Worker worker;
    const auto receiver = Open(&worker);
    worker.receiver = receiver.get();
  }
  for (std::thread& sender : senders) sender.join();
  Worker worker;
  const auto receiver = Open(&worker);
  worker.receiver = receiver.get();
  const auto is_empty = [this] { return queue().GetStats().messages == 0; };
  uint64_t before = 0;
  do {  // however slowly, as long as it goes on
    before = queue().GetStats().acknowledged;
  } while (!Eventually(is_empty) && queue().GetStats().acknowledged > before);
  EXPECT_EQ(queue().GetStats().acknowledged, 2u * kMessages);
}

}  // namespace
}  // namespace sluice::ingest
