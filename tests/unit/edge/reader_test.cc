#include "edge/engine/reader.h"

#include <chrono>
#include <string>
#include <vector>

#include "tests/unit/edge/ring_fixture.h"

namespace sluice::edge {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

class ReaderTest : public RingFixture {
 protected:
  std::vector<Reader*> TakeReady() {
    std::vector<Reader*> readers;
    while (!ready_.empty()) {
      readers.push_back(&ready_.front());
      ready_.pop_front();
    }
    return readers;
  }
};

TEST_F(ReaderTest, FromTheHeadItGetsOnlyWhatComes) {
  Publish("aa");
  auto reader = FollowFromHead("a");
  EXPECT_EQ(reader->cursor(), 2u);
  EXPECT_EQ(ReadAll(reader.get()), "");
  Publish("ba");
  EXPECT_EQ(ReadAll(reader.get()), "4a");
}

TEST_F(ReaderTest, FromTheEarliestItGetsAllThatIsRetained) {
  Publish("aba");
  Pass(minutes(3));
  Publish("ba");
  Pass(minutes(3));
  auto reader = Follow("ab");
  reader->StartAtEarliest();
  EXPECT_EQ(reader->cursor(), 3u);
  EXPECT_EQ(ReadAll(reader.get()), "4b 5a");
}

TEST_F(ReaderTest, FromTheLastItGetsTheNewestOfEachChannel) {
  Publish("aabba");
  auto reader = Follow("abc");
  reader->StartAtLast();
  EXPECT_EQ(reader->cursor(), 3u);
  EXPECT_EQ(ReadAll(reader.get()), "4b 5a");
  Publish("c");
  EXPECT_EQ(ReadAll(reader.get()), "6c");
}

TEST_F(ReaderTest, AChannelIsReadOnceMoreFromItsOldestOrItsNewest) {
  Publish("abab");
  auto reader = FollowFromHead("ab");
  EXPECT_EQ(reader->Reread(ChannelView::User("a"), Reader::From::kEarliest), 0u);
  EXPECT_EQ(reader->Reread(ChannelView::User("b"), Reader::From::kLast), 3u);
  EXPECT_EQ(ReadAll(reader.get()), "1a 3a 4b");
  EXPECT_EQ(reader->Reread(ChannelView::User("a"), Reader::From::kNow), 4u);
  auto other = FollowFromHead("c");
  EXPECT_EQ(other->Reread(ChannelView::User("c"), Reader::From::kEarliest), 4u);
  EXPECT_EQ(ReadAll(other.get()), "");
}

TEST_F(ReaderTest, FromTheLastOfNothingItBeginsAtTheHead) {
  Publish("a");
  auto reader = Follow("b");
  reader->StartAtLast();
  EXPECT_EQ(reader->cursor(), 1u);
  EXPECT_EQ(ReadAll(reader.get()), "");
}

TEST_F(ReaderTest, AfterACursorItGetsExactlyTheRest) {
  Publish("abaab");
  const std::string rests[] = {"1a 2b 3a 4a 5b", "2b 3a 4a 5b", "3a 4a 5b", "4a 5b", "5b", ""};
  for (uint64_t cursor = 0; cursor <= 5; ++cursor) {
    auto reader = Follow("ab");
    EXPECT_EQ(reader->StartAfter(cursor), GapReason::kNone);
    EXPECT_EQ(reader->cursor(), cursor);
    EXPECT_EQ(ReadAll(reader.get()), rests[cursor]);
  }
}

TEST_F(ReaderTest, MergesManyChannelsInLogOrder) {
  auto reader = FollowFromHead("abcdefgh");
  Publish("hgfedcbaabxcyd");
  EXPECT_EQ(ReadAll(reader.get()), "1h 2g 3f 4e 5d 6c 7b 8a 9a 10b 12c 14d");
}

TEST_F(ReaderTest, ACursorBelowTheFloorHasExpired) {
  Publish("aa");
  Pass(minutes(6));
  auto reader = Follow("a");
  EXPECT_EQ(reader->StartAfter(1), GapReason::kExpired);
  EXPECT_EQ(reader->StartAfter(2), GapReason::kNone);
}

TEST_F(ReaderTest, ACursorBelowWhatAFullChannelDroppedHasExpired) {
  retention_.max_events_per_channel = 2;
  Publish("baaaa");  // 2 and 3 dropped
  EXPECT_EQ(Follow("a")->StartAfter(2), GapReason::kExpired);
  EXPECT_EQ(Follow("a")->StartAfter(3), GapReason::kNone);
  EXPECT_EQ(Follow("ab")->StartAfter(0), GapReason::kExpired);
  EXPECT_EQ(Follow("b")->StartAfter(0), GapReason::kNone);
}

TEST_F(ReaderTest, AWaitingReaderWhoseEventsWereDroppedIsToldAndGoesOnLive) {
  retention_.max_events_per_channel = 2;
  auto reader = FollowFromHead("ab");
  Publish("baaa");  // 2 dropped
  EXPECT_EQ(ReadAll(reader.get()), "1b gap");
  EXPECT_EQ(reader->gap(), GapReason::kOverflow);
  reader->SkipGap();
  EXPECT_EQ(reader->gap(), GapReason::kNone);
  EXPECT_EQ(reader->cursor(), 4u);
  EXPECT_EQ(ReadAll(reader.get()), "");
  Publish("ab");
  EXPECT_EQ(ReadAll(reader.get()), "5a 6b");
}

TEST_F(ReaderTest, ReadyReadersMayReadBeforeABurstDropsWhatTheyCouldNotRead) {
  retention_.max_events_per_channel = 2;
  auto ready = FollowFromHead("a");
  auto blocked = FollowFromHead("a");
  blocked->set_state(Reader::State::kBlocked);
  std::string read;
  offer_ = [&] {
    for (Reader* reader : TakeReady()) {
      read += ReadAll(reader) + ", ";
      reader->set_state(Reader::State::kIdle);
    }
  };
  Publish("aabaaaaa");
  EXPECT_EQ(read, "1a 2a 4a, 5a 6a 7a, ");
  EXPECT_EQ(ReadAll(ready.get()), "8a");
  EXPECT_EQ(ReadAll(blocked.get()), "gap");
}

TEST_F(ReaderTest, NothingIsOfferedWhileABurstDropsOnlyWhatWasThereBefore) {
  retention_.max_events_per_channel = 3;
  auto reader = FollowFromHead("a");
  Publish("aaa");
  TakeReady();
  ReadAll(reader.get());
  reader->set_state(Reader::State::kIdle);
  bool offered = false;
  offer_ = [&] { offered = true; };
  Publish("aaa");
  EXPECT_FALSE(offered);
  EXPECT_EQ(ReadAll(reader.get()), "4a 5a 6a");
  Publish("a");  // while the reader is still in the queue
  EXPECT_TRUE(offered);
}

TEST_F(ReaderTest, AWaitingReaderWhoseEventsExpiredIsTold) {
  auto reader = FollowFromHead("a");
  Publish("a");
  Pass(minutes(6));
  Publish("a");
  EXPECT_EQ(ReadAll(reader.get()), "gap");
}

TEST_F(ReaderTest, WhatOthersLostIsNotSaidToIt) {
  retention_.max_events_per_channel = 2;
  auto reader = FollowFromHead("b");
  Publish("aaaab");
  EXPECT_EQ(ReadAll(reader.get()), "5b");
  Publish("aaaa");
  Pass(minutes(6));
  EXPECT_EQ(ReadAll(reader.get()), "");
}

TEST_F(ReaderTest, WhatItHasReadMayBeDropped) {
  auto reader = FollowFromHead("a");
  Publish("aa");
  EXPECT_EQ(ReadAll(reader.get()), "1a 2a");
  Pass(minutes(6));
  Publish("a");
  EXPECT_EQ(ReadAll(reader.get()), "3a");
}

TEST_F(ReaderTest, ReadingCanBeTakenBack) {
  auto reader = FollowFromHead("ab");
  Publish("aabba");
  std::vector<Reader::Item> items(5);
  for (Reader::Item& item : items) ASSERT_TRUE(reader->Next(&item));
  for (size_t i = 5; i > 2; --i) reader->Unread(items[i - 1]);
  EXPECT_EQ(ReadAll(reader.get()), "3b 4b 5a");
}

TEST_F(ReaderTest, AfterARestartWhatItHadNotReadIsLost) {
  auto behind = FollowFromHead("a");
  auto abreast = FollowFromHead("b");
  Publish("a");
  ring().Restart(*Epoch::Parse("e2"), 1000);
  EXPECT_EQ(ReadAll(behind.get()), "gap");
  behind->SkipGap();
  EXPECT_EQ(behind->cursor(), 999u);
  EXPECT_EQ(ReadAll(abreast.get()), "");
  SkipSequences(998);
  Publish("ab");
  EXPECT_EQ(ReadAll(behind.get()), "1000a");
  EXPECT_EQ(ReadAll(abreast.get()), "1001b");
}

TEST_F(ReaderTest, NewsMakesIdleReadersReadyOnceAndInOrder) {
  auto first = FollowFromHead("a");
  auto second = FollowFromHead("ab");
  auto other = FollowFromHead("c");
  Publish("baa");
  EXPECT_EQ(TakeReady(), (std::vector<Reader*>{second.get(), first.get()}));
  EXPECT_EQ(first->state(), Reader::State::kReady);
  Publish("a");
  EXPECT_TRUE(ready_.empty());  // they are about to read
  EXPECT_EQ(other->state(), Reader::State::kIdle);
}

TEST_F(ReaderTest, NewsForABlockedReaderOnlyWaits) {
  auto reader = FollowFromHead("a");
  reader->set_state(Reader::State::kBlocked);
  Publish("aa");
  EXPECT_TRUE(ready_.empty());
  EXPECT_EQ(ReadAll(reader.get()), "1a 2a");
}

TEST_F(ReaderTest, AReaderThatGoesLeavesTheReadyQueue) {
  auto reader = FollowFromHead("a");
  Publish("a");
  reader.reset();
  EXPECT_TRUE(ready_.empty());
}

TEST_F(ReaderTest, FollowsAChannelOnce) {
  auto reader = FollowFromHead("aa");
  EXPECT_EQ(reader->channel_count(), 1u);
  Publish("a");
  EXPECT_EQ(ReadAll(reader.get()), "1a");
}

}  // namespace
}  // namespace sluice::edge
