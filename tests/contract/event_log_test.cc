#include "ingest/event_log.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/contract/log_fixture.h"
#include "tests/contract/recording_sink.h"

namespace sluice::ingest {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const ChannelView kAlice = ChannelView::User("alice");
const ChannelView kBob = ChannelView::User("bob");
const ChannelView kTopicAlice = ChannelView::Topic("alice");

INSTANTIATE_TEST_SUITE_P(Logs, EventLogTest, testing::ValuesIn(LogImplementations()),
                         [](const auto& instance) { return instance.param.name; });

// Order and content

TEST_P(EventLogTest, SequencesRiseAcrossChannels) {
  const uint64_t first = Publish(kAlice, "1");
  const uint64_t second = Publish(kBob, "2");
  const uint64_t third = Publish(kTopicAlice, "3");
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
}

TEST_P(EventLogTest, AnAppendedEventIsNotADuplicateAndNamesTheEpoch) {
  RecordingSink sink;
  const auto tail = log().OpenTail(&sink);
  const auto appended = Append({.channel = kAlice, .type = "", .data = "1", .idempotency_key = ""});
  ASSERT_TRUE(appended.ok()) << appended.status();
  EXPECT_FALSE(appended->duplicate);
  sink.AwaitEvents(1);
  EXPECT_EQ(appended->id.epoch, sink.epochs()[0].first);
  EXPECT_THAT(sink.sequences(), ElementsAre(appended->id.sequence));
}

TEST_P(EventLogTest, ATailGetsEveryByteAsItWasAppended) {
  std::string bytes;
  for (int octet = 0; octet < 128; ++octet) bytes += static_cast<char>(octet);
  bytes += "\u0080\u00e9\u2028\uFFFD\U0001F600";
  const std::string types[] = {"t",        " t ",    "\t",  "a: b",
                               "\x01\x7f", "\u00e9", "=2E", std::string(64, 't')};
  const std::string names[] = {
      "*", ">", "a.b", "=2E", "$JS.API", "a b", "\u00e9\U0001F600", std::string(256, 'n')};
  RecordingSink sink;
  const auto tail = log().OpenTail(&sink);
  for (size_t n = 0; n < std::size(names); ++n) {
    ASSERT_TRUE(Append({.channel = ChannelView::User(names[n]),
                        .type = types[n],
                        .data = bytes + names[n],
                        .idempotency_key = ""})
                    .ok());
  }
  sink.AwaitEvents(std::size(names));
  size_t i = 0;
  for (const auto& batch : sink.batches()) {
    for (const Event& event : batch->events) {
      EXPECT_TRUE(event.channel() == ChannelView::User(names[i])) << names[i];
      EXPECT_EQ(event.type(), types[i]);
      EXPECT_EQ(event.data(), bytes + names[i]);
      ++i;
    }
  }
}

TEST_P(EventLogTest, EmptyTypeAndDataAreKept) {
  ASSERT_TRUE(Append({.channel = kAlice, .type = "", .data = "", .idempotency_key = ""}).ok());
  EXPECT_THAT(Retained(), ElementsAre(""));
}

TEST_P(EventLogTest, ALargeEventIsKept) {
  const std::string data(64u << 10, 'x');
  Publish(kAlice, data);
  EXPECT_THAT(Retained(), ElementsAre(data));
}

// Tails

TEST_P(EventLogTest, ATailSaysEpochThenHeadOfAnEmptyLog) {
  RecordingSink sink;
  const auto tail = log().OpenTail(&sink);
  const uint64_t head = sink.AwaitHead();
  ASSERT_THAT(sink.epochs(), SizeIs(1));
  EXPECT_TRUE(Epoch::Parse(sink.epochs()[0].first.text()));
  EXPECT_EQ(sink.epochs()[0].second, head + 1);
  EXPECT_THAT(sink.data(), IsEmpty());
}

TEST_P(EventLogTest, ALateTailGetsEverythingRetainedThenLive) {
  Publish(kAlice, "1");
  const uint64_t last = Publish(kBob, "2");
  RecordingSink sink;
  const auto tail = log().OpenTail(&sink);
  EXPECT_EQ(sink.AwaitHead(), last);
  EXPECT_THAT(sink.data(), ElementsAre("1", "2"));
  Publish(kTopicAlice, "3");
  sink.AwaitEvents(3);
  EXPECT_THAT(sink.data(), ElementsAre("1", "2", "3"));
  EXPECT_THAT(sink.epochs(), SizeIs(1));
  EXPECT_EQ(sink.holes(), 0u);
}

TEST_P(EventLogTest, TwoTailsSeeTheSameOrder) {
  RecordingSink early, late;
  const auto early_tail = log().OpenTail(&early);
  for (int i = 0; i < 100; ++i) Publish(i % 2 ? kAlice : kBob, std::to_string(i));
  const auto late_tail = log().OpenTail(&late);
  for (int i = 100; i < 200; ++i) Publish(i % 2 ? kAlice : kBob, std::to_string(i));
  early.AwaitEvents(200);
  late.AwaitEvents(200);
  EXPECT_EQ(early.sequences(), late.sequences());
  EXPECT_EQ(early.data(), late.data());
  EXPECT_EQ(early.epochs()[0].first, late.epochs()[0].first);
}

TEST_P(EventLogTest, ATailThatEndsIsSilent) {
  RecordingSink sink;
  auto tail = log().OpenTail(&sink);
  Publish(kAlice, "1");
  sink.AwaitEvents(1);
  tail.reset();
  const size_t heads = sink.heads().size();
  Publish(kAlice, "2");
  RecordingSink other;
  const auto other_tail = log().OpenTail(&other);
  other.AwaitEvents(2);
  EXPECT_THAT(sink.data(), ElementsAre("1"));
  EXPECT_EQ(sink.heads().size(), heads);
}

TEST_P(EventLogTest, EachRequestForTheHeadIsAnswered) {
  RecordingSink sink;
  const auto tail = log().OpenTail(&sink);
  sink.AwaitHead();
  for (size_t i = 0; i < 3; ++i) {
    const uint64_t last = Publish(kAlice, "x");
    const size_t before = sink.heads().size();
    tail->RequestHead();
    sink.AwaitHeads(before + 1);
    EXPECT_EQ(sink.heads().back(), last);
    EXPECT_EQ(sink.sequences().back(), last) << "the head came before the event";
  }
}

// Idempotency

TEST_P(EventLogTest, AKeyThatWasUsedWithinTheWindowStoresNothing) {
  const uint64_t first = Publish(kAlice, "1", "key");
  Pass(minutes(1));
  const auto again =
      Append({.channel = kAlice, .type = "other", .data = "other", .idempotency_key = "key"});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->duplicate);
  EXPECT_EQ(again->id.sequence, first);
  EXPECT_THAT(Retained(), ElementsAre("1"));
}

TEST_P(EventLogTest, AKeyMayBeUsedAgainAfterTheWindow) {
  const uint64_t first = Publish(kAlice, "1", "key");
  PassBeyond(minutes(2));
  EXPECT_GT(Publish(kAlice, "2", "key"), first);
  EXPECT_TRUE(IsDuplicate(kAlice, "3", "key"));
  EXPECT_THAT(Retained(), ElementsAre("1", "2"));
}

TEST_P(EventLogTest, ADuplicateDoesNotExtendTheWindow) {
  Publish(kAlice, "1", "key");
  Pass(minutes(1));
  EXPECT_TRUE(IsDuplicate(kAlice, "1", "key"));
  PassBeyond(minutes(1));
  EXPECT_FALSE(IsDuplicate(kAlice, "2", "key"));
}

TEST_P(EventLogTest, AKeyCountsForOneChannelOnly) {
  Publish(kAlice, "1", "key");
  EXPECT_FALSE(IsDuplicate(kBob, "2", "key"));
  EXPECT_FALSE(IsDuplicate(kTopicAlice, "3", "key"));
  EXPECT_TRUE(IsDuplicate(kAlice, "4", "key"));
}

// A name and a key must not be taken for another name and another key of the same bytes.
TEST_P(EventLogTest, NameAndKeyAreNotConfused) {
  Publish(ChannelView::User("ab"), "1", "c");
  EXPECT_FALSE(IsDuplicate(ChannelView::User("a"), "2", "bc"));
  EXPECT_FALSE(IsDuplicate(ChannelView::User("abc"), "3", "x"));
  EXPECT_FALSE(IsDuplicate(ChannelView::User("2:a"), "4", "bc"));
  EXPECT_FALSE(IsDuplicate(ChannelView::User("ab"), "5", std::string("c\r\nNats-X: y")));
}

TEST_P(EventLogTest, WithoutAKeyEqualEventsAreTwo) {
  Publish(kAlice, "same");
  Publish(kAlice, "same");
  EXPECT_THAT(Retained(), ElementsAre("same", "same"));
}

// Retention

TEST_P(EventLogTest, ALateTailDoesNotGetWhatIsTooOld) {
  options_.retention.max_age = minutes(5);
  Publish(kAlice, "old");
  Pass(minutes(3));
  const uint64_t young = Publish(kAlice, "young");
  PassBeyond(minutes(2));
  RecordingSink sink;
  const auto tail = log().OpenTail(&sink);
  EXPECT_EQ(sink.AwaitHead(), young);
  EXPECT_THAT(sink.data(), ElementsAre("young"));
  EXPECT_EQ(sink.epochs()[0].second, young);
}

TEST_P(EventLogTest, WhenEverythingIsTooOldTheHeadStays) {
  const uint64_t last = Publish(kAlice, "old");
  PassBeyond(minutes(5));
  RecordingSink sink;
  const auto tail = log().OpenTail(&sink);
  EXPECT_EQ(sink.AwaitHead(), last);
  EXPECT_THAT(sink.data(), IsEmpty());
  EXPECT_EQ(sink.epochs()[0].second, last + 1);
  EXPECT_GT(Publish(kAlice, "new"), last);
}

TEST_P(EventLogTest, RetentionBoundsTheBytesAndKeepsTheNewest) {
  options_.retention.max_bytes = 1u << 20;
  const std::string data(16u << 10, 'x');
  uint64_t last = 0;
  for (int i = 0; i < 256; ++i) last = Publish(kAlice, data);
  RecordingSink sink;
  const auto tail = log().OpenTail(&sink);
  sink.AwaitHead();
  const std::vector<uint64_t> sequences = sink.sequences();
  EXPECT_LE(sequences.size(), (1u << 20) / data.size() + 1);
  EXPECT_GE(sequences.size(), (1u << 20) / data.size() * 3 / 4);
  EXPECT_EQ(sequences.back(), last);
  EXPECT_EQ(sequences.front(), sink.epochs()[0].second);
}

TEST_P(EventLogTest, ATailThatKeepsUpGetsWhatRetentionDropsLater) {
  options_.retention.max_bytes = 1u << 20;
  RecordingSink sink;
  const auto tail = log().OpenTail(&sink);
  const std::string data(16u << 10, 'x');
  for (int i = 0; i < 256; ++i) Publish(kAlice, data);
  sink.AwaitEvents(256);
  EXPECT_EQ(sink.holes(), 0u);
}

TEST_P(EventLogTest, AFullChannelKeepsItsNewestAndLeavesOthersAlone) {
  options_.retention.max_events_per_channel = 3;
  Publish(kBob, "bob");
  for (int i = 0; i < 10; ++i) Publish(kAlice, "alice " + std::to_string(i));
  Publish(kTopicAlice, "topic");
  EXPECT_THAT(Retained(), ElementsAre("bob", "alice 7", "alice 8", "alice 9", "topic"));
}

// Deadlines

TEST_P(EventLogTest, ADeadlineThatHasPassedIsSaid) {
  const auto appended = Append({.channel = kAlice,
                                .type = "",
                                .data = "late",
                                .idempotency_key = "key",
                                .deadline = under_test().now() - milliseconds(1)});
  EXPECT_EQ(appended.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_FALSE(IsDuplicate(kAlice, "1", "key")) << "the late append has used the key";
}

TEST_P(EventLogTest, ADeadlineThatIsAheadDoesNotMatter) {
  EXPECT_TRUE(Append({.channel = kAlice,
                      .type = "",
                      .data = "in time",
                      .idempotency_key = "",
                      .deadline = under_test().now() + minutes(1)})
                  .ok());
}

}  // namespace
}  // namespace sluice::ingest
