#include <csignal>

#include "tests/contract/jetstream_fixture.h"

namespace sluice::ingest {
namespace {

using ::testing::ElementsAre;

using JetstreamFaultsTest = JetstreamTest;

TEST_F(JetstreamFaultsTest, WithoutNatsAnAppendIsUnavailableAtOnceAndTheLogRecovers) {
  Open();
  Publish("1");
  server_.Stop(SIGKILL);
  AwaitAway();
  EXPECT_TRUE(absl::IsUnavailable(Append("2").status()));
  EXPECT_FALSE(log_->is_ready());
  server_.Start();
  AwaitReady();
  Publish("3");
  EXPECT_GE(Metric("sluice_ingest_nats_reconnects_total"), 1);
}

TEST_F(JetstreamFaultsTest, TheLogMayBeOpenedBeforeNatsIsThere) {
  server_.Stop(SIGTERM);
  nats_.urls = {server_.url()};
  log_ = *JetstreamLog::Open({.log = options_, .nats = nats_});
  RecordingSink sink;
  const auto tail = log_->OpenTail(&sink);
  EXPECT_TRUE(absl::IsUnavailable(Append("1").status()));
  server_.Start();
  AwaitReady();
  Publish("2");
  sink.AwaitEvents(1);
  EXPECT_THAT(sink.data(), ElementsAre("2"));
}

TEST_F(JetstreamFaultsTest, ATailGoesOnBehindTheLastEventAfterARestart) {
  Open();
  RecordingSink sink;
  const auto tail = log_->OpenTail(&sink);
  Publish("1");
  sink.AwaitEvents(1);
  const size_t heads = sink.heads().size();
  server_.Stop(SIGKILL);
  AwaitAway();
  server_.Start();
  AwaitReady();
  Publish("2");
  sink.AwaitEvents(2);
  sink.AwaitHeads(heads + 1);
  EXPECT_THAT(sink.data(), ElementsAre("1", "2"));
  EXPECT_EQ(sink.epochs().size(), 1u);
  EXPECT_EQ(sink.holes(), 0u);
}

TEST_F(JetstreamFaultsTest, WhatIsUnderWayWhenNatsGoesIsUnavailable) {
  Open();
  server_.Pause();
  std::vector<Answer> answers;
  for (int i = 0; i < 100; ++i) answers.push_back(Begin(std::to_string(i)));
  server_.Resume();
  server_.Stop(SIGKILL);
  // Each is answered, one way or the other.
  for (Answer& answer : answers) {
    const auto result = answer.get();
    EXPECT_TRUE(result.ok() || absl::IsUnavailable(result.status())) << result.status();
  }
  EXPECT_EQ(Metric("sluice_ingest_nats_pending_messages"), 0);
}

TEST_F(JetstreamFaultsTest, AnAppendWhoseDeadlinePassesIsSaidToHaveMissedIt) {
  Open();
  server_.Pause();
  const auto deadline = Clock::System().Steady() + std::chrono::milliseconds(100);
  EXPECT_TRUE(absl::IsDeadlineExceeded(Begin("late", "key", deadline).get().status()));
  server_.Resume();
  // It may have been stored all the same: the key tells.
  const auto again = Append("late", "key");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->duplicate);
}

TEST_F(JetstreamFaultsTest, OnlySoManyAppendsMayBeUnderWay) {
  nats_.max_appends_in_flight = 64;
  Open();
  server_.Pause();
  std::vector<Answer> answers;
  for (int i = 0; i < 64; ++i) answers.push_back(Begin("x"));
  EXPECT_TRUE(absl::IsResourceExhausted(Append("one too many").status()));
  EXPECT_EQ(Metric("sluice_ingest_nats_pending_messages"), 64);
  server_.Resume();
  for (Answer& answer : answers) EXPECT_TRUE(answer.get().ok());
  Publish("again");
}

TEST_F(JetstreamFaultsTest, ALinkOnWhichNothingComesBackIsEnded) {
  Open();
  server_.Pause();
  AwaitAway();
  EXPECT_TRUE(absl::IsUnavailable(Append("1").status()));
  server_.Resume();
  AwaitReady();
  Publish("2");
}

TEST_F(JetstreamFaultsTest, TailsAndLogEndWhileNatsIsAway) {
  Open();
  RecordingSink sink;
  auto tail = log_->OpenTail(&sink);
  sink.AwaitHead();
  server_.Stop(SIGKILL);
  AwaitAway();
  tail.reset();
  log_.reset();
}

}  // namespace
}  // namespace sluice::ingest
