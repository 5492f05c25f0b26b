#include "ingest/memory_log.h"

#include <atomic>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/contract/recording_sink.h"
#include "tests/fake_clock.h"

namespace sluice::ingest {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// What holds for the log in memory beside the contract: answers within the call, and its limits.
class MemoryLogTest : public testing::Test {
 protected:
  MemoryLog& log() {
    if (!log_) log_ = std::make_unique<MemoryLog>(options_, clock_);
    return *log_;
  }
  absl::StatusCode Append(std::string_view data, std::string_view key = "") {
    absl::StatusCode code = absl::StatusCode::kUnknown;
    log().Append(
        {.channel = ChannelView::User("alice"), .type = "", .data = data, .idempotency_key = key},
        [&code](absl::StatusOr<Appended> result) { code = result.status().code(); });
    return code;
  }

  LogOptions options_;
  FakeClock clock_;

 private:
  std::unique_ptr<MemoryLog> log_;
};

// A sink that stands still in OnEvents until it is released.
class StandingSink final : public TailSink {
 public:
  void OnEpoch(const Epoch&, uint64_t) override {}
  void OnEvents(std::shared_ptr<const EventBatch>) override {
    if (!std::exchange(stands_, true)) standing_.count_down();
    released_.wait();
  }
  void OnHole(uint64_t, uint64_t) override {}
  void OnHead(uint64_t) override {}

  void AwaitStanding() { standing_.wait(); }
  void Release() { released_.count_down(); }

 private:
  bool stands_ = false;  // tail thread only
  std::latch standing_{1};
  std::latch released_{1};
};

TEST_F(MemoryLogTest, TwoLogsHaveTwoEpochs) {
  RecordingSink first, second;
  MemoryLog other(options_, clock_);
  clock_.Advance(std::chrono::nanoseconds(1'000));
  const auto first_tail = log().OpenTail(&first);
  const auto second_tail = other.OpenTail(&second);
  first.AwaitHead();
  second.AwaitHead();
  EXPECT_NE(first.epochs()[0].first, second.epochs()[0].first);
}

TEST_F(MemoryLogTest, RefusesAppendsWhileATailIsTooFarBehind) {
  options_.max_tail_lag_bytes = 1u << 20;
  StandingSink sink;
  auto tail = log().OpenTail(&sink);
  ASSERT_EQ(Append("first"), absl::StatusCode::kOk);
  sink.AwaitStanding();
  const std::string data(64u << 10, 'x');
  int stored = 0;
  while (Append(data) == absl::StatusCode::kOk) ++stored;
  EXPECT_EQ(stored, 16);
  EXPECT_EQ(Append("small too"), absl::StatusCode::kResourceExhausted);
  sink.Release();
  RecordingSink witness;
  const auto witness_tail = log().OpenTail(&witness);
  witness.AwaitEvents(17);
  tail.reset();
  EXPECT_EQ(Append("again"), absl::StatusCode::kOk);
}

TEST_F(MemoryLogTest, KeepsWhatATailHasNotTakenAlthoughItIsTooOld) {
  StandingSink standing;
  auto tail = log().OpenTail(&standing);
  Append("1");
  standing.AwaitStanding();
  Append("2");
  clock_.Advance(minutes(6));
  Append("3");
  EXPECT_EQ(log().GetStats().retained_events, 2u) << "the first is taken, so it may go";
  standing.Release();
}

TEST_F(MemoryLogTest, RefusesKeysWhenTheTableIsFullUntilTheirWindowEnds) {
  options_.idempotency_max_bytes = 64u << 10;
  int stored = 0;
  while (Append("x", "key-" + std::to_string(stored)) == absl::StatusCode::kOk) ++stored;
  EXPECT_GT(stored, 100);
  EXPECT_EQ(Append("x", "one more"), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Append("x", "key-0"), absl::StatusCode::kOk) << "a known key needs no room";
  EXPECT_EQ(Append("x"), absl::StatusCode::kOk) << "no key needs no room";
  clock_.Advance(minutes(2));
  EXPECT_EQ(Append("x", "one more"), absl::StatusCode::kOk);
  EXPECT_EQ(log().GetStats().idempotency_keys, 1u);
}

TEST_F(MemoryLogTest, TricklingEventsExpireOneByOne) {
  for (int i = 0; i < 20; ++i) {
    Append("x");
    clock_.Advance(seconds(30));
  }
  // Ten are younger than five minutes; a segment may hold a sixteenth of that longer.
  EXPECT_GE(log().GetStats().retained_events, 9u);
  EXPECT_LE(log().GetStats().retained_events, 11u);
}

TEST_F(MemoryLogTest, AgesOutWhileNobodyPublishes) {
  RecordingSink sink;
  const auto tail = log().OpenTail(&sink);
  Append("x");
  sink.AwaitEvents(1);
  clock_.Advance(minutes(6));
  tail->RequestHead();
  sink.AwaitHeads(2);
  EXPECT_EQ(log().GetStats().retained_events, 0u);
  EXPECT_EQ(log().GetStats().retained_bytes, 0u);
}

// An edge turns ready when the head comes, so a busy log must not put it off.
TEST_F(MemoryLogTest, TheHeadComesWhileOthersAppendWithoutAPause) {
  log();
  std::atomic<bool> done = false;
  std::thread publisher([&] {
    while (!done) Append(std::string(100, 'x'));
  });
  RecordingSink sink;
  {
    const auto tail = log().OpenTail(&sink);
    for (size_t heads = 1; heads <= 20; ++heads) {
      sink.AwaitHeads(heads);
      tail->RequestHead();
    }
    done = true;
    publisher.join();
  }
}

TEST_F(MemoryLogTest, TailsShareTheBatches) {
  Append("1");
  RecordingSink first, second;
  const auto first_tail = log().OpenTail(&first);
  const auto second_tail = log().OpenTail(&second);
  first.AwaitEvents(1);
  second.AwaitEvents(1);
  EXPECT_EQ(first.batches()[0], second.batches()[0]);
}

}  // namespace
}  // namespace sluice::ingest
