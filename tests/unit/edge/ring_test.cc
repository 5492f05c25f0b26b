#include "edge/engine/ring.h"

#include <chrono>
#include <string>

#include "tests/unit/edge/ring_fixture.h"

namespace sluice::edge {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

class RingTest : public RingFixture {};

TEST_F(RingTest, CountsWhatItRetains) {
  Publish("aab");
  EXPECT_EQ(ring().events(), 3u);
  EXPECT_EQ(ring().bytes(), 3 * SizeOf("data"));
  EXPECT_EQ(ring().channels(), 2u);
  EXPECT_EQ(ring().head_sequence(), 3u);
  EXPECT_EQ(ring().floor_sequence(), 0u);
  EXPECT_EQ(ring().head().ToString(), "e1-3");
}

TEST_F(RingTest, AnEventLeavesWhenItReachesTheMaximumAge) {
  retention_.max_age = minutes(5);
  Publish("a");
  Pass(minutes(1));
  Publish("b");
  Pass(minutes(4) - milliseconds(1));
  EXPECT_EQ(ring().events(), 2u);
  Pass(milliseconds(1));
  EXPECT_EQ(ring().events(), 1u);
  EXPECT_EQ(ring().floor_sequence(), 1u);
  Pass(minutes(1));
  EXPECT_EQ(ring().events(), 0u);
  EXPECT_EQ(ring().bytes(), 0u);
  EXPECT_EQ(ring().channels(), 0u);
  EXPECT_EQ(ring().floor_sequence(), 2u);
  EXPECT_EQ(ring().head_sequence(), 2u);
}

TEST_F(RingTest, TheOldestLeaveWhenThereAreTooManyBytes) {
  retention_.max_bytes = 3 * SizeOf("data");
  Publish("abcd");
  EXPECT_EQ(ring().events(), 4u);  // until the next Trim
  Pass(milliseconds(0));
  EXPECT_EQ(ring().events(), 3u);
  EXPECT_EQ(ring().floor_sequence(), 1u);
  Publish("e", std::string(2 * sizeof(Event), 'x'));
  Pass(milliseconds(0));
  EXPECT_LE(ring().bytes(), retention_.max_bytes);
  EXPECT_EQ(ring().floor_sequence(), 4u);
}

TEST_F(RingTest, AFullChannelLosesItsOwnOldestOnly) {
  retention_.max_events_per_channel = 2;
  Publish("abaaa");
  EXPECT_EQ(ring().events(), 3u);
  EXPECT_EQ(ring().floor_sequence(), 0u);
  auto reader = Follow("ab");
  reader->StartAtEarliest();
  EXPECT_EQ(ReadAll(reader.get()), "2b 4a 5a");
}

TEST_F(RingTest, WhatWasDroppedFromTheMiddleCostsAtMostTwiceTheLimit) {
  retention_.max_events_per_channel = 1;
  retention_.max_bytes = 10 * SizeOf("data");
  Publish("b");
  Publish(std::string(18, 'a'));  // 17 of them dropped, but their batch is held
  Pass(milliseconds(0));
  EXPECT_EQ(ring().floor_sequence(), 0u);
  Publish("aa");  // 21 events' worth of memory
  Pass(milliseconds(0));
  EXPECT_EQ(ring().floor_sequence(), 1u);  // b, which itself was within the limits
  EXPECT_EQ(ring().events(), 1u);
}

TEST_F(RingTest, RestartForgetsAllAndCountsAnew) {
  retention_.max_events_per_channel = 1;
  Publish("aab");
  auto reader = FollowFromHead("a");
  ring().Restart(*Epoch::Parse("e2"), 100);
  EXPECT_EQ(ring().events(), 0u);
  EXPECT_EQ(ring().bytes(), 0u);
  EXPECT_EQ(ring().head().ToString(), "e2-99");
  EXPECT_EQ(ring().floor_sequence(), 99u);
  EXPECT_EQ(ring().channels(), 1u);  // a, which is followed
  // What was dropped in the epoch before says nothing about this one.
  EXPECT_EQ(reader->StartAfter(99), GapReason::kNone);
}

TEST_F(RingTest, ALogThatEndsFurtherAheadMovesTheHeadAndNeverBack) {
  Publish("a");
  ring().AdvanceHead(7);
  EXPECT_EQ(ring().head_sequence(), 7u);
  ring().AdvanceHead(3);
  EXPECT_EQ(ring().head_sequence(), 7u);
}

TEST_F(RingTest, AFullChannelOfTheStartMayHaveLostOlderEvents) {
  retention_.max_events_per_channel = 2;
  SkipSequences(10);
  Publish("aab");  // 11, 12, 13
  ring().AssumeFullChannelsDropped();
  EXPECT_EQ(Follow("a")->StartAfter(9), GapReason::kExpired);
  EXPECT_EQ(Follow("a")->StartAfter(10), GapReason::kNone);
  EXPECT_EQ(Follow("b")->StartAfter(9), GapReason::kNone);
}

TEST_F(RingTest, AChannelLivesWhileItHasEventsOrFollowers) {
  Publish("a");
  auto reader = FollowFromHead("ab");
  EXPECT_EQ(ring().channels(), 2u);
  Pass(minutes(6));
  EXPECT_EQ(ring().channels(), 2u);
  reader.reset();
  EXPECT_EQ(ring().channels(), 0u);
}

TEST_F(RingTest, AFollowerThatLeavesMovesNoOther) {
  auto first = FollowFromHead("ab");
  auto second = FollowFromHead("ba");
  auto third = FollowFromHead("a");
  first.reset();
  Publish("ab");
  EXPECT_EQ(ReadAll(second.get()), "1a 2b");
  third.reset();
  Publish("a");
  EXPECT_EQ(ReadAll(second.get()), "3a");
}

TEST_F(RingTest, UsersAndTopicsOfOneNameAreTwoChannels) {
  auto reader = FollowFromHead("a");
  EXPECT_TRUE(reader->Follow(ChannelView::Topic("a")));
  EXPECT_FALSE(reader->Follow(ChannelView::Topic("a")));
  EXPECT_EQ(ring().channels(), 2u);
}

TEST_F(RingTest, EncodesAnEventOnceAndKeepsTheFrame) {
  Publish("a", "hello");
  Frame* frame = ring().EncodedFrame(1, WireFormat::kSse);
  EXPECT_EQ(frame->bytes(), "id: e1-1\ndata: hello\n\n");
  EXPECT_EQ(ring().EncodedFrame(1, WireFormat::kSse), frame);
  EXPECT_EQ(ring().frame_bytes(), frame->size());
  Pass(minutes(6));
  EXPECT_EQ(ring().frame_bytes(), 0u);
}

TEST_F(RingTest, AnEventForOneReaderIsWrittenForItAloneAndNotKept) {
  Scratch scratch(100);
  auto reader = FollowFromHead("a");
  Publish("aa", "hello");
  const std::string_view first = ring().EncodedOctets(1, WireFormat::kSse, &scratch);
  EXPECT_EQ(first, "id: e1-1\ndata: hello\n\n");
  const std::string_view second = ring().EncodedOctets(2, WireFormat::kSse, &scratch);
  EXPECT_EQ(second, "id: e1-2\ndata: hello\n\n");
  EXPECT_EQ(second.data(), first.data() + first.size());
  EXPECT_EQ(ring().frame_bytes(), 0u);
}

TEST_F(RingTest, AnEventForSeveralReadersIsTheirSharedFrame) {
  Scratch scratch(100);
  auto reader = FollowFromHead("a");
  auto other = FollowFromHead("a");
  Publish("a", "hello");
  const std::string_view octets = ring().EncodedOctets(1, WireFormat::kSse, &scratch);
  EXPECT_EQ(octets.data(), ring().EncodedFrame(1, WireFormat::kSse)->bytes().data());
  other.reset();
  EXPECT_EQ(ring().EncodedOctets(1, WireFormat::kSse, &scratch).data(), octets.data());
}

TEST_F(RingTest, WhatTheScratchCannotHoldIsAFrame) {
  Scratch scratch(30);
  auto reader = FollowFromHead("a");
  Publish("aa", "hello");
  ring().EncodedOctets(1, WireFormat::kSse, &scratch);
  EXPECT_EQ(ring().EncodedOctets(2, WireFormat::kSse, &scratch), "id: e1-2\ndata: hello\n\n");
  EXPECT_GT(ring().frame_bytes(), 0u);
}

TEST_F(RingTest, FindsWhereASequenceStands) {
  Publish("ab");
  SkipSequences(3);
  Publish("a");  // 6, at position 3
  EXPECT_EQ(ring().FirstAfter(0), 1u);
  EXPECT_EQ(ring().FirstAfter(1), 2u);
  EXPECT_EQ(ring().FirstAfter(2), 3u);
  EXPECT_EQ(ring().FirstAfter(5), 3u);
  EXPECT_EQ(ring().FirstAfter(6), 4u);
}

TEST_F(RingTest, LetsGoOfTheFramesThatWereEncodedFirst) {
  Publish("aaa", std::string(1500, 'x'));
  const size_t size = ring().EncodedFrame(2, WireFormat::kSse)->size();
  ring().EncodedFrame(3, WireFormat::kSse);
  ring().TrimFrames();
  EXPECT_EQ(ring().frame_bytes(), 2 * size);
  ring().EncodedFrame(1, WireFormat::kSse);
  ring().TrimFrames();  // 4,500 octets: over the limit
  EXPECT_EQ(ring().frame_bytes(), 2 * size);
  ring().EncodedFrame(1, WireFormat::kSse);  // was kept
  EXPECT_EQ(ring().frame_bytes(), 2 * size);
  ring().EncodedFrame(2, WireFormat::kSse);  // was not
  EXPECT_EQ(ring().frame_bytes(), 3 * size);
}

TEST_F(RingTest, AFrameThatSomeoneStillWritesOutlivesItsEvent) {
  Publish("a", "hello");
  Frame* frame = ring().EncodedFrame(1, WireFormat::kSse);
  frame->Ref();
  FrameRef rest = FrameRef::Adopt(frame);
  Pass(minutes(6));
  EXPECT_EQ(rest.bytes(), "id: e1-1\ndata: hello\n\n");
}

TEST_F(RingTest, UsesItsMemoryAgainOverManyTurnsOfTheRing) {
  auto reader = FollowFromHead("a");
  for (int turn = 0; turn < 50; ++turn) {
    std::string expected;
    for (int i = 1; i <= 500; ++i) {
      const int sequence = turn * 500 + i;
      expected += (i == 1 ? "" : " ") + std::to_string(sequence) + "a";
    }
    Publish(std::string(500, 'a'));
    EXPECT_EQ(ReadAll(reader.get()), expected);
    Pass(minutes(2));
    EXPECT_LE(ring().events(), 1500u);
  }
}

}  // namespace
}  // namespace sluice::edge
