#include "ingest/client_message_queue.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/mutex.h"
#include "tests/contract/message_queue_fixture.h"
#include "tests/contract/recording_receiver.h"
#include "tests/eventually.h"

namespace sluice::ingest {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

INSTANTIATE_TEST_SUITE_P(Queues, MessageQueueTest, testing::ValuesIn(MessageQueueImplementations()),
                         [](const auto& instance) { return instance.param.name; });

// Content

TEST_P(MessageQueueTest, AMessageComesAsItWasSent) {
  Backend backend = OpenBackend();
  std::string bytes;
  for (int octet = 0; octet < 256; ++octet) bytes += static_cast<char>(octet);
  const std::string user = "*.> \u00e9 =2E";
  const WallTime time{seconds(1'700'000'000) + std::chrono::microseconds(123'456)};
  ASSERT_TRUE(Append({.user_id = user,
                      .destination = "a.\u00e9 *.=2E",
                      .data = bytes,
                      .time = time,
                      .connection = "c: 1"})
                  .ok());
  const ClientDelivery delivery = backend.Await(0);
  EXPECT_FALSE(delivery.id.empty());
  EXPECT_EQ(delivery.attempt, 1u);
  EXPECT_EQ(delivery.message.user_id, user);
  EXPECT_EQ(delivery.message.destination, "a.\u00e9 *.=2E");
  EXPECT_EQ(delivery.message.data, bytes);
  EXPECT_EQ(delivery.message.time, time);
  EXPECT_EQ(delivery.message.connection, "c: 1");
}

TEST_P(MessageQueueTest, AnEmptyMessageIsAMessage) {
  Backend backend = OpenBackend();
  ASSERT_TRUE(
      Append({.user_id = "u", .destination = "d", .data = "", .time = {}, .connection = ""}).ok());
  EXPECT_EQ(backend.Await(0).message.user_id, "u");
  EXPECT_EQ(backend.Await(0).message.connection, "");
}

TEST_P(MessageQueueTest, WhatCannotBeAMessageIsRefused) {
  for (const char* destination : {"", ".", "a.", ".a", "a..b", "a\nb"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Append("alice", destination, "1"))) << destination;
  }
  EXPECT_TRUE(absl::IsInvalidArgument(Append("alice", std::string(257, 'd'), "1")));
  EXPECT_TRUE(absl::IsInvalidArgument(Append("", "d", "1")));
  EXPECT_TRUE(Append(std::string(256, '*'), std::string(256, '*'), "1").ok());
}

// Groups

TEST_P(MessageQueueTest, AMessageWaitsForAReceiver) {
  Send("alice", "1");
  Send("alice", "2");
  Backend backend = OpenBackend();
  EXPECT_EQ(backend.Take(0), "1");
  EXPECT_EQ(backend.Take(1), "2");
}

TEST_P(MessageQueueTest, EachGroupGetsWhatItTakesAlone) {
  Backend chat = OpenBackend("chat.*", "chat");
  Backend order = OpenBackend("order.new", "order");
  Send("alice", "1", "chat");
  Send("alice", "2", "chat.send");
  Send("alice", "3", "order.new");
  Send("alice", "4", "chat.a.b");
  Send("alice", "5", "chats.a");
  EXPECT_EQ(chat.Take(0), "2");
  EXPECT_EQ(chat.Take(1), "4");
  EXPECT_EQ(order.Take(0), "3");
  Backend plain = OpenBackend("chat", "plain");
  EXPECT_EQ(plain.Take(0), "1");
  Send("alice", "6", "chat.send");
  EXPECT_EQ(chat.Take(2), "6");
  EXPECT_EQ(order.sink->count(), 1u);
  EXPECT_EQ(plain.sink->count(), 1u);
}

TEST_P(MessageQueueTest, OverlappingGroupsAreRefused) {
  Backend backend = OpenBackend("chat.*", "chat");
  Send("alice", "1");
  backend.Await(0);  // it is in
  const absl::Status refusal = Refusal("chat.send", "other");
  EXPECT_TRUE(absl::IsFailedPrecondition(refusal));
  EXPECT_EQ(refusal.message(),
            "another group receives some of these destinations, or this group others");
  EXPECT_TRUE(absl::IsFailedPrecondition(Refusal("chat.send.*", "other")));
  EXPECT_TRUE(absl::IsFailedPrecondition(Refusal("*", "other")));
  EXPECT_TRUE(absl::IsFailedPrecondition(Refusal("chat.a", "chat"))) << "the same group";
  EXPECT_EQ(backend.Take(0), "1");
  Send("alice", "2");
  EXPECT_EQ(backend.Take(1), "2") << "the refused ones took something";
}

TEST_P(MessageQueueTest, WhatNoQueueCanSortIsRefused) {
  RecordingReceiver sink;
  for (const char* pattern : {"chat*", ".*", "a..*", "a..b", ".a", "a."}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Open(pattern, "group", &sink).status())) << pattern;
  }
  for (const std::string group : {"", "a.b", "a b", "*"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Open("a", group, &sink).status())) << group;
  }
  EXPECT_TRUE(absl::IsInvalidArgument(Open("a", std::string(65, 'g'), &sink).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      queue()
          .OpenReceiver({.destinations = Pattern("a"), .group = "g", .window = 0}, &sink)
          .status()));
}

// Order

TEST_P(MessageQueueTest, AUsersNextMessageWaitsForTheOneBefore) {
  Backend backend = OpenBackend();
  Send("alice", "1");
  Send("alice", "2");
  const ClientDelivery first = backend.Await(0);
  // What is sent later is there, and the second of alice is not.
  for (int i = 0; i < 200 && backend.sink->count() < 2; ++i) Send("u" + std::to_string(i), "other");
  EXPECT_EQ(backend.Data(1), "other");
  for (const ClientDelivery& delivery : backend.sink->deliveries()) {
    EXPECT_NE(delivery.message.data, "2");
  }
  const size_t before = backend.sink->count();
  backend.receiver->Acknowledge(first.id);
  for (size_t i = 1;; ++i) {
    if (backend.Take(i) == "2") break;
    ASSERT_LT(i, before + 300);
  }
}

TEST_P(MessageQueueTest, UsersStayInOrderAcrossTwoReceivers) {
  options_.ack_wait = std::chrono::minutes(10);  // nothing comes again, however slow this is
  constexpr int kUsers = 20;
  constexpr int kMessages = 10;
  Backend first = OpenBackend();
  Backend second = OpenBackendOn(&under_test().other_queue(), "*", "group", 100);
  std::map<std::string, int> next;
  std::map<std::string, std::string> in_flight;
  size_t taken[2] = {0, 0};
  for (int i = 0; i < kMessages; ++i) {
    for (int u = 0; u < kUsers; ++u) Send("user" + std::to_string(u), std::to_string(i));
  }
  for (int done = 0; done < kUsers * kMessages;) {
    ASSERT_TRUE(Eventually(
        [&] { return first.sink->count() + second.sink->count() > taken[0] + taken[1]; }));
    for (int b = 0; b < 2; ++b) {
      Backend& backend = b == 0 ? first : second;
      for (; taken[b] < backend.sink->count(); ++taken[b], ++done) {
        const ClientDelivery delivery = backend.Await(taken[b]);
        EXPECT_EQ(delivery.message.data, std::to_string(next[delivery.message.user_id]++));
        EXPECT_EQ(delivery.attempt, 1u);
        backend.receiver->Acknowledge(delivery.id);
      }
    }
  }
  EXPECT_GT(taken[0], 0u);
  EXPECT_GT(taken[1], 0u);
}

TEST_P(MessageQueueTest, ReceiversShareInTurn) {
  options_.ack_wait = std::chrono::minutes(10);  // nothing comes again, however slow this is
  Backend first = OpenBackend();
  Backend second = OpenBackend();
  for (int i = 0; i < 40; ++i) {
    const size_t before = first.sink->count() + second.sink->count();
    Send("user" + std::to_string(i % 7), std::to_string(i));
    ASSERT_TRUE(Eventually([&] { return first.sink->count() + second.sink->count() > before; }));
    for (Backend* backend : {&first, &second}) {
      for (const ClientDelivery& delivery : backend->sink->deliveries()) {
        backend->receiver->Acknowledge(delivery.id);
      }
    }
  }
  EXPECT_GE(first.sink->count(), 10u);
  EXPECT_GE(second.sink->count(), 10u);
}

// Acknowledges every message but each third one, which it keeps until it goes.
class Worker final : public ClientMessageSink {
 public:
  // By user, the numbers that some worker has acknowledged, in that order.
  struct Handled {
    Mutex mutex;
    std::map<std::string, std::vector<int>> numbers ABSL_GUARDED_BY(mutex);
    size_t count() {
      MutexLock lock(&mutex);
      size_t sum = 0;
      for (const auto& [user, list] : numbers) sum += list.size();
      return sum;
    }
  };
  explicit Worker(Handled* handled) : handled_(handled) {}

  void OnMessage(ClientDelivery delivery) override {
    receiver_set.wait(false);
    ++taken;
    if (is_forgetful && taken % 3 == 0) return;
    {
      MutexLock lock(&handled_->mutex);
      // One whose acknowledgement was too late comes again, but never after the next.
      std::vector<int>& numbers = handled_->numbers[delivery.message.user_id];
      const int number = std::stoi(delivery.message.data);
      if (numbers.empty() || numbers.back() != number) numbers.push_back(number);
    }
    opened_->Acknowledge(delivery.id);
  }
  void OnClosed(absl::Status why) override { ADD_FAILURE() << why; }

  void Open(ClientMessageQueue* queue) {
    auto opened = queue->OpenReceiver({.group = "group", .window = 10}, this);
    ASSERT_TRUE(opened.ok()) << opened.status();
    receiver = *std::move(opened);
    opened_ = receiver.get();
    receiver_set = true;
    receiver_set.notify_all();
  }

  bool is_forgetful = true;
  std::atomic<int> taken{0};
  std::unique_ptr<ClientMessageReceiver> receiver;
  std::atomic<bool> receiver_set{false};

 private:
  Handled* const handled_;
  ClientMessageReceiver* opened_ = nullptr;  // also while `receiver` is being reset
};

TEST_P(MessageQueueTest, OrderHoldsWhileReceiversComeAndGo) {
  options_.ack_wait = std::chrono::minutes(10);  // nothing comes again, however slow this is
  constexpr int kUsers = 20;
  constexpr int kMessages = 20;
  for (int i = 0; i < kMessages; ++i) {
    for (int u = 0; u < kUsers; ++u) Send("user" + std::to_string(u), std::to_string(i));
  }
  Worker::Handled handled;
  ClientMessageQueue* const queues[] = {&queue(), &under_test().other_queue()};
  for (int round = 0; round < 10; ++round) {
    Worker worker(&handled);
    worker.Open(queues[round % 2]);
    // Until it has kept some. What it was given goes to others.
    ASSERT_TRUE(Eventually([&] { return worker.taken >= 7; }));
    worker.receiver.reset();
  }
  Worker last(&handled);
  last.is_forgetful = false;
  last.Open(queues[1]);
  ASSERT_TRUE(Eventually([&] { return handled.count() >= kUsers * kMessages; }));
  last.receiver.reset();
  MutexLock lock(&handled.mutex);
  for (auto& [user, numbers] : handled.numbers) {
    ASSERT_EQ(numbers.size(), static_cast<size_t>(kMessages)) << user;
    for (int i = 0; i < kMessages; ++i) EXPECT_EQ(numbers[static_cast<size_t>(i)], i) << user;
  }
}

// Redelivery

TEST_P(MessageQueueTest, AMessageOfAGoneReceiverGoesToAnotherAtOnce) {
  Backend first = OpenBackend();
  Send("alice", "1");
  Send("alice", "2");
  const ClientDelivery delivery = first.Await(0);
  Backend second = OpenBackend();
  first.receiver.reset();
  const ClientDelivery again = second.Await(0);  // no time has passed
  EXPECT_EQ(again.id, delivery.id);
  EXPECT_EQ(again.attempt, 2u);
  EXPECT_EQ(again.message.data, "1");
  second.receiver->Acknowledge(again.id);
  EXPECT_EQ(second.Take(1), "2");
  EXPECT_EQ(second.Await(1).attempt, 1u);
  EXPECT_EQ(first.sink->count(), 1u);
  EXPECT_EQ(first.sink->closed(), std::nullopt);
}

TEST_P(MessageQueueTest, AMessageOfAGoneReceiverGoesToAnotherProcess) {
  Backend first = OpenBackend();
  Send("alice", "1");
  const ClientDelivery delivery = first.Await(0);
  Backend second = OpenBackendOn(&under_test().other_queue(), "*", "group", 100);
  first.receiver.reset();
  EXPECT_EQ(second.Await(0).id, delivery.id);
  EXPECT_EQ(second.Take(0), "1");
}

TEST_P(MessageQueueTest, ALateReceiverGetsWhatAGoneOneLeft) {
  {
    Backend first = OpenBackend();
    Send("alice", "1");
    Send("alice", "2");
    first.Await(0);
    first.receiver.reset();
  }
  Backend second = OpenBackend();
  EXPECT_EQ(second.Take(0), "1");
  EXPECT_EQ(second.Take(1), "2");
}

TEST_P(MessageQueueTest, WhatIsNotAcknowledgedInTimeComesAgain) {
  options_.ack_wait = seconds(30);
  Backend first = OpenBackend();
  Send("alice", "1");
  const ClientDelivery delivery = first.Await(0);
  Backend second = OpenBackendOn(&under_test().other_queue(), "*", "group", 100);
  PassBeyond(options_.ack_wait);
  ASSERT_TRUE(Eventually([&] { return first.sink->count() + second.sink->count() == 2; }));
  Backend& other = second.sink->count() == 1 ? second : first;
  const ClientDelivery again = other.sink->deliveries().back();
  EXPECT_EQ(again.id, delivery.id);
  EXPECT_EQ(again.attempt, 2u);
  EXPECT_EQ(again.message.data, "1");
  other.receiver->Acknowledge(again.id);
  Send("alice", "2");
  ASSERT_TRUE(Eventually([&] { return first.sink->count() + second.sink->count() == 3; }));
}

TEST_P(MessageQueueTest, AnAcknowledgedMessageNeverComesAgain) {
  options_.ack_wait = seconds(30);
  {
    Backend first = OpenBackend();
    Send("alice", "1");
    first.Take(0);
    Send("alice", "2");
    first.Take(1);
    Send("alice", "3");
    first.Await(2);
  }
  PassBeyond(options_.ack_wait);
  Backend second = OpenBackend();
  EXPECT_EQ(second.Take(0), "3");
  Send("alice", "4");
  EXPECT_EQ(second.Take(1), "4");
}

TEST_P(MessageQueueTest, ARejectedMessageComesAgainBeforeTheNext) {
  options_.retry_delay = seconds(10);
  Backend backend = OpenBackend();
  Send("alice", "1");
  Send("alice", "2");
  const ClientDelivery delivery = backend.Await(0);
  backend.receiver->Reject(delivery.id, /*discard=*/false);
  PassBeyond(options_.retry_delay);
  const ClientDelivery again = backend.Await(1);
  EXPECT_EQ(again.id, delivery.id);
  EXPECT_EQ(again.attempt, 2u);
  EXPECT_EQ(backend.Take(1), "1");
  EXPECT_EQ(backend.Take(2), "2");
}

TEST_P(MessageQueueTest, ADiscardedMessageNeverComesAgain) {
  Backend backend = OpenBackend();
  Send("alice", "1");
  Send("alice", "2");
  backend.receiver->Reject(backend.Await(0).id, /*discard=*/true);
  EXPECT_EQ(backend.Take(1), "2");
  Send("alice", "3");
  EXPECT_EQ(backend.Take(2), "3");
}

TEST_P(MessageQueueTest, UnknownIdsAreIgnored) {
  Backend backend = OpenBackend("chat.*");
  Backend other = OpenBackend("other", "other");
  Send("alice", "1");
  const std::string id = backend.Await(0).id;
  for (const std::string& unknown :
       {std::string(), std::string("x"), id + "1", std::string("1-1")}) {
    backend.receiver->Acknowledge(unknown);
    backend.receiver->Reject(unknown, true);
  }
  other.receiver->Acknowledge(id);
  other.receiver->Reject(id, true);
  backend.receiver.reset();
  Backend next = OpenBackend("chat.*");
  EXPECT_EQ(next.Await(0).id, id) << "somebody else's word was taken";
  next.receiver->Acknowledge(id);
  next.receiver->Acknowledge(id);
  Send("alice", "2");
  EXPECT_EQ(next.Take(1), "2");
}

// Limits

TEST_P(MessageQueueTest, AReceiverHoldsNoMoreThanItsWindow) {
  options_.ack_wait = std::chrono::minutes(10);  // nothing comes again, however slow this is
  constexpr uint32_t kWindow = 3;
  Backend backend = OpenBackend("*", "group", kWindow);
  for (int i = 0; i < 100; ++i) Send("user" + std::to_string(i), "x");
  std::set<std::string> users;
  backend.Await(kWindow - 1);
  // One at a time: on JetStream the users of a partition come one after another, so that what is
  // left at the end need not fill the window.
  for (size_t i = 0; i < 100; ++i) {
    const ClientDelivery delivery = backend.Await(i);
    EXPECT_LE(backend.sink->count(), i + kWindow);
    users.insert(delivery.message.user_id);
    backend.receiver->Acknowledge(delivery.id);
  }
  EXPECT_EQ(users.size(), 100u);
}

TEST_P(MessageQueueTest, AFullWindowLeavesTheRestToOthers) {
  Backend slow = OpenBackend("*", "group", 1);
  Send("alice", "1");
  slow.Await(0);
  Backend other = OpenBackend();
  for (int i = 0; i < 20; ++i) Send("user" + std::to_string(i), "x");
  std::set<std::string> users;
  for (size_t i = 0; users.size() < 19; ++i) {
    users.insert(other.Await(i).message.user_id);
    other.Take(i);
  }
  EXPECT_EQ(slow.sink->count(), 1u);
}

TEST_P(MessageQueueTest, AFullQueueRefuses) {
  options_.max_messages = 3;
  Send("alice", "1");
  Send("alice", "2");
  Send("bob", "3");
  EXPECT_TRUE(absl::IsResourceExhausted(Append("carol", "chat.send", "4")));
  Backend backend = OpenBackend();
  backend.Take(0);
  ASSERT_TRUE(Eventually([&] { return Append("carol", "chat.send", "5").ok(); }));
  for (size_t i = 1; i < 4; ++i) EXPECT_NE(backend.Take(i), "4");
}

TEST_P(MessageQueueTest, AQueueFullOfBytesRefuses) {
  options_.max_bytes = 20'000;
  const std::string data(5'000, 'x');
  int stored = 0;
  absl::Status last;
  while (last.ok() && stored < 10) {
    last = Append("alice", "d", data);
    stored += last.ok() ? 1 : 0;
  }
  EXPECT_TRUE(absl::IsResourceExhausted(last)) << last;
  EXPECT_GE(stored, 2);
  EXPECT_LE(stored, 4);
  Backend backend = OpenBackend();
  for (int i = 0; i < stored; ++i) EXPECT_EQ(backend.Take(static_cast<size_t>(i)), data);
}

TEST_P(MessageQueueTest, WhatIsTooOldIsDropped) {
  options_.max_age = minutes(1);
  Send("alice", "1");
  PassBeyond(options_.max_age);
  Send("alice", "2");
  Backend backend = OpenBackend();
  EXPECT_EQ(backend.Take(0), "2");
}

}  // namespace
}  // namespace sluice::ingest
