#include <atomic>
#include <latch>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/contract/log_fixture.h"
#include "tests/contract/recording_sink.h"

namespace sluice::ingest {
namespace {

// The same fixture under a name of its own, since each suite is instantiated in one file.
class EventLogThreadsTest : public EventLogTest {
 protected:
  static constexpr int kThreads = 4;
  static constexpr int kEventsEach = 500;

  // Appends from kThreads threads; each waits for the answer before its next event. Returns the
  // data by sequence of all that was acknowledged.
  std::map<uint64_t, std::string> AppendFromManyThreads() {
    log();  // created here, not by whichever thread is first
    std::vector<std::map<uint64_t, std::string>> acknowledged(kThreads);
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([this, t, &mine = acknowledged[static_cast<size_t>(t)]] {
        const std::string name = "user-" + std::to_string(t);
        for (int i = 0; i < kEventsEach; ++i) {
          std::string data = name + " " + std::to_string(i);
          mine.emplace(Publish(ChannelView::User(name), data), data);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    std::map<uint64_t, std::string> all;
    for (auto& part : acknowledged) all.merge(part);
    EXPECT_EQ(all.size(), static_cast<size_t>(kThreads * kEventsEach)) << "a sequence came twice";
    return all;
  }

  static std::map<uint64_t, std::string> Received(const RecordingSink& sink) {
    std::map<uint64_t, std::string> received;
    for (const auto& batch : sink.batches()) {
      for (const Event& event : batch->events) received.emplace(event.sequence(), event.data());
    }
    return received;
  }
};

INSTANTIATE_TEST_SUITE_P(Logs, EventLogThreadsTest, testing::ValuesIn(LogImplementations()),
                         [](const auto& instance) { return instance.param.name; });

TEST_P(EventLogThreadsTest, ATailSeesExactlyWhatWasAcknowledged) {
  RecordingSink sink;
  const auto tail = log().OpenTail(&sink);
  const auto acknowledged = AppendFromManyThreads();
  sink.AwaitEvents(acknowledged.size());
  tail->RequestHead();
  sink.AwaitHead(acknowledged.rbegin()->first);
  EXPECT_EQ(Received(sink), acknowledged);
}

TEST_P(EventLogThreadsTest, WhatOneThreadAppendsStaysInItsOrder) {
  RecordingSink sink;
  const auto tail = log().OpenTail(&sink);
  sink.AwaitEvents(AppendFromManyThreads().size());
  std::map<std::string, int> next;
  for (const std::string& data : sink.data()) {
    const size_t space = data.find(' ');
    EXPECT_EQ(std::stoi(data.substr(space + 1)), next[data.substr(0, space)]++);
  }
}

// The hand-over from what is retained to what is live is where peers lost events.
TEST_P(EventLogThreadsTest, TailsOpenedWhileOthersAppendMissNothing) {
  std::vector<std::unique_ptr<RecordingSink>> sinks;
  std::vector<std::unique_ptr<Tail>> tails;
  std::atomic<bool> done = false;
  log();
  std::thread opener([&] {
    while (tails.empty() || (!done && tails.size() < 20)) {
      sinks.push_back(std::make_unique<RecordingSink>());
      tails.push_back(log().OpenTail(sinks.back().get()));
      sinks.back()->AwaitHead();
    }
  });
  const auto acknowledged = AppendFromManyThreads();
  done = true;
  opener.join();
  for (const auto& sink : sinks) {
    sink->AwaitEvents(acknowledged.size());
    EXPECT_EQ(Received(*sink), acknowledged);
    EXPECT_EQ(sink->holes(), 0u);
  }
}

TEST_P(EventLogThreadsTest, OneKeyFromManyThreadsIsStoredOnce) {
  log();
  std::latch start(kThreads);
  std::atomic<int> stored = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      start.arrive_and_wait();
      for (int i = 0; i < 100; ++i) {
        stored += !IsDuplicate(ChannelView::User("alice"), "x", "key-" + std::to_string(i));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(stored, 100);
  EXPECT_THAT(Retained(), testing::SizeIs(100));
}

TEST_P(EventLogThreadsTest, TailsMayEndWhileOthersAppend) {
  std::atomic<bool> done = false;
  log();
  std::thread opener([&] {
    do {
      RecordingSink sink;
      const auto tail = log().OpenTail(&sink);
      tail->RequestHead();
    } while (!done);
  });
  AppendFromManyThreads();
  done = true;
  opener.join();
}

}  // namespace
}  // namespace sluice::ingest
