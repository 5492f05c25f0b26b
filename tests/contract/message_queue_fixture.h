#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/options.h"
#include "ingest/client_message_queue.h"
#include "tests/contract/recording_receiver.h"

namespace sluice::ingest {

// One implementation with what a test needs around it.
class MessageQueueUnderTest {
 public:
  virtual ~MessageQueueUnderTest() = default;
  virtual ClientMessageQueue& queue() = 0;
  // Another process's view of the same messages; the same queue if there can be none.
  virtual ClientMessageQueue& other_queue() = 0;
  // Lets all that is timed see this much time pass, or a little more.
  virtual void Pass(std::chrono::milliseconds time) = 0;
  // How much later than due something may happen.
  virtual std::chrono::milliseconds lateness() const = 0;
};

struct MessageQueueImplementation {
  std::string name;
  std::function<std::unique_ptr<MessageQueueUnderTest>(const ClientMessageOptions&)> create;

  friend void PrintTo(const MessageQueueImplementation& queue, std::ostream* out) {
    *out << queue.name;
  }
};

// Every implementation that is linked; one more is one more entry.
std::vector<MessageQueueImplementation> MessageQueueImplementations();

// A receiver and what it was given.
struct Backend {
  std::unique_ptr<RecordingReceiver> sink = std::make_unique<RecordingReceiver>();
  std::unique_ptr<ClientMessageReceiver> receiver;

  ClientDelivery Await(size_t index) { return sink->Await(index); }
  // The data of delivery number `index`.
  std::string Data(size_t index) { return Await(index).message.data; }
  // The same, acknowledged.
  std::string Take(size_t index) {
    const ClientDelivery delivery = Await(index);
    receiver->Acknowledge(delivery.id);
    return delivery.message.data;
  }
};

// The words in which the suite speaks of a queue.
class MessageQueueTest : public testing::TestWithParam<MessageQueueImplementation> {
 protected:
  // Before the first use of the queue.
  ClientMessageOptions options_;

  MessageQueueUnderTest& under_test() {
    if (!under_test_) under_test_ = GetParam().create(options_);
    return *under_test_;
  }
  ClientMessageQueue& queue() { return under_test().queue(); }
  // Until what is due after `time` has happened.
  void PassBeyond(std::chrono::milliseconds time) {
    under_test().Pass(time + under_test().lateness());
  }

  absl::Status Append(ClientMessage message) {
    std::promise<absl::Status> answer;
    queue().Append(std::move(message),
                   [&answer](absl::Status status) { answer.set_value(std::move(status)); });
    return answer.get_future().get();
  }
  absl::Status Append(const std::string& user, const std::string& destination,
                      const std::string& data) {
    return Append(ClientMessage{.user_id = user,
                                .destination = destination,
                                .data = data,
                                .time = WallTime(std::chrono::seconds(1'700'000'000)),
                                .connection = "session-1"});
  }
  void Send(const std::string& user, const std::string& data,
            const std::string& destination = "chat.send") {
    const absl::Status status = Append(user, destination, data);
    EXPECT_TRUE(status.ok()) << status;
  }

  static NamePattern Pattern(const std::string& text) { return *NamePattern::Parse(text); }
  absl::StatusOr<std::unique_ptr<ClientMessageReceiver>> Open(const std::string& pattern,
                                                              const std::string& group,
                                                              ClientMessageSink* sink) {
    return queue().OpenReceiver({.destinations = Pattern(pattern), .group = group}, sink);
  }
  Backend OpenBackend(const std::string& pattern = "*", const std::string& group = "group",
                      uint32_t window = 100) {
    return OpenBackendOn(&queue(), pattern, group, window);
  }
  static Backend OpenBackendOn(ClientMessageQueue* queue, const std::string& pattern,
                               const std::string& group, uint32_t window) {
    Backend backend;
    auto receiver = queue->OpenReceiver(
        {.destinations = Pattern(pattern), .group = group, .window = window}, backend.sink.get());
    EXPECT_TRUE(receiver.ok()) << receiver.status();
    if (receiver.ok()) backend.receiver = *std::move(receiver);
    return backend;
  }
  // Why a receiver is not let in, whether that is known at once or later.
  absl::Status Refusal(const std::string& pattern, const std::string& group) {
    RecordingReceiver sink;
    const auto receiver = Open(pattern, group, &sink);
    return receiver.ok() ? sink.AwaitClosed() : receiver.status();
  }

 private:
  std::unique_ptr<MessageQueueUnderTest> under_test_;
};

}  // namespace sluice::ingest
