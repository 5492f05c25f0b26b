#include <algorithm>
#include <chrono>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "edge/engine/reader.h"
#include "edge/engine/ring.h"
#include "tests/unit/edge/ring_model.h"

namespace sluice::edge {
namespace {

constexpr uint64_t kFrameCacheBytes = 2048;
constexpr size_t kReaders = 6;
constexpr std::string_view kChannels = "abcdefg";

// Does the same to a ring and to the model of it, and compares after every step.
class Comparison {
 public:
  Comparison(uint32_t seed, const RetentionOptions& retention)
      : random_(seed), ring_(retention, kFrameCacheBytes), model_(retention) {
    Restart();
    for (auto& reader : readers_) Replace(&reader);
  }
  ~Comparison() {
    for (auto& reader : readers_) reader.real.reset();
  }

  void Step() {
    const uint32_t what = Below(1000);
    if (what < 400) {
      Append();
    } else if (what < 500) {
      Pass();
    } else if (what < 900) {
      Read(&readers_[Below(kReaders)]);
    } else if (what < 985) {
      Replace(&readers_[Below(kReaders)]);
    } else if (what < 990) {
      Assume();
    } else if (what < 995) {
      ring_.TrimFrames();
      EXPECT_LE(ring_.frame_bytes(), kFrameCacheBytes);
    } else {
      Restart();
    }
    Compare();
  }

 private:
  struct Pair {
    std::unique_ptr<Reader> real;
    RingModel::Expectation expected;
  };

  uint32_t Below(uint32_t limit) { return static_cast<uint32_t>(random_() % limit); }
  char AnyChannel() {
    // The first letters are hot, so that full channels and quiet ones both occur.
    return kChannels[std::min(Below(kChannels.size()), Below(kChannels.size()))];
  }

  void Append() {
    auto batch = std::make_shared<EventBatch>();
    const uint32_t count = 1 + Below(Below(10) == 0 ? 40 : 4);
    std::set<Reader*> woken;
    for (uint32_t i = 0; i < count; ++i) {
      const char channel = AnyChannel();
      const uint64_t sequence = model_.head_sequence + 1 + (Below(3) == 0 ? Below(5) : 0);
      const Event& event = batch->events.emplace_back(
          sequence, ChannelView::User({&channel, 1}), "", std::string(Below(60), 'x'),
          Event::Times{.published = {}, .stored = now_});
      model_.Append({sequence, channel, now_, event.size_bytes()});
      for (Pair& reader : readers_) {
        if (!reader.expected.channels.contains(channel)) continue;
        reader.expected.unread.insert(model_.size() - 1);
        if (reader.real->state() == Reader::State::kIdle) woken.insert(reader.real.get());
      }
    }
    ring_.Append(std::move(batch), &ready_);
    std::set<Reader*> ready;
    while (!ready_.empty()) {
      ready.insert(&ready_.front());
      ready_.pop_front();
    }
    EXPECT_EQ(ready, woken);
  }

  void Pass() {
    now_ += std::chrono::milliseconds(Below(400));
    ring_.Trim(now_);
    model_.Trim(now_);
  }

  void Assume() {
    ring_.AssumeFullChannelsDropped();
    model_.AssumeFullChannelsDropped();
  }

  void Restart() {
    const uint64_t first = 1 + Below(1000);
    epoch_ = Epoch::FromNumber(random_());
    ring_.Restart(epoch_, first);
    model_.Restart(first);
  }

  // Reads up to some items, takes some back, and expects exactly the model's events.
  void Read(Pair* reader) {
    std::vector<Reader::Item> items;
    std::set<size_t>& unread = reader->expected.unread;
    const size_t limit = Below(30);
    Reader::Item item;
    while (items.size() < limit && reader->real->Next(&item)) {
      ASSERT_FALSE(unread.empty());
      const size_t index = *unread.begin();
      ASSERT_FALSE(model_.at(index).dropped) << "an event was read behind a loss";
      ASSERT_EQ(item.sequence, model_.at(index).sequence);
      ExpectFrame(item, model_.at(index));
      unread.erase(unread.begin());
      items.push_back(item);
      taken_.push_back(index);
    }
    if (items.size() < limit) ExpectEndOrGap(reader);
    if (Below(2) == 0) TakeBack(reader, &items);
    taken_.clear();
    if (reader->real->gap() != GapReason::kNone) SkipGap(reader);
    const bool idle = unread.empty();
    reader->real->set_state(idle ? Reader::State::kIdle : Reader::State::kBlocked);
  }

  void ExpectFrame(const Reader::Item& item, const RingModel::StoredEvent& event) {
    const Frame* frame = ring_.EncodedFrame(item.position, WireFormat::kSse);
    const std::string id = "id: " + epoch_.text() + '-' + std::to_string(event.sequence) + '\n';
    EXPECT_TRUE(frame->bytes().starts_with(id)) << frame->bytes();
    EXPECT_EQ(ring_.at(item.position).event->channel().name, std::string(1, event.channel));
  }

  // The reader says that there is no more: either there is none, or the next one was dropped.
  void ExpectEndOrGap(Pair* reader) {
    const std::set<size_t>& unread = reader->expected.unread;
    if (unread.empty()) {
      EXPECT_EQ(reader->real->gap(), GapReason::kNone) << "a gap where nothing was lost";
      return;
    }
    EXPECT_TRUE(model_.at(*unread.begin()).dropped) << "an event was kept back";
    EXPECT_EQ(reader->real->gap(), GapReason::kOverflow) << "a loss in silence";
  }

  void SkipGap(Pair* reader) {
    reader->real->SkipGap();
    EXPECT_EQ(reader->real->cursor(), model_.head_sequence);
    reader->expected.unread.clear();
  }

  void TakeBack(Pair* reader, std::vector<Reader::Item>* items) {
    for (uint32_t count = Below(static_cast<uint32_t>(items->size()) + 1); count > 0; --count) {
      reader->real->Unread(items->back());
      reader->expected.unread.insert(taken_.back());
      items->pop_back();
      taken_.pop_back();
    }
  }

  // A new session in the place of an old one, begun in one of the four ways.
  void Replace(Pair* reader) {
    reader->real = std::make_unique<Reader>(&ring_);
    reader->expected = {};
    std::set<char>& channels = reader->expected.channels;
    for (uint32_t count = Below(4); channels.size() < count;) channels.insert(AnyChannel());
    for (const char channel : channels) {
      EXPECT_TRUE(reader->real->Follow(ChannelView::User({&channel, 1})));
    }
    switch (Below(5)) {
      case 0:
        reader->real->StartAtHead();
        break;
      case 1:
        StartAtEarliest(reader);
        break;
      case 2:
        StartAtLast(reader);
        break;
      default:
        StartAfterAnyCursor(reader);
    }
    const bool idle = reader->expected.unread.empty();
    reader->real->set_state(idle ? Reader::State::kIdle : Reader::State::kBlocked);
  }

  void StartAtEarliest(Pair* reader) {
    reader->real->StartAtEarliest();
    EXPECT_EQ(reader->real->cursor(), model_.floor_sequence);
    for (const char channel : reader->expected.channels) {
      for (const size_t i : model_.RetainedOf(channel)) reader->expected.unread.insert(i);
    }
  }

  void StartAtLast(Pair* reader) {
    reader->real->StartAtLast();
    for (const char channel : reader->expected.channels) {
      const std::vector<size_t> kept = model_.RetainedOf(channel);
      if (kept.empty()) continue;
      reader->expected.unread.insert(kept.back());
      EXPECT_LT(reader->real->cursor(), model_.at(kept.back()).sequence);
    }
  }

  void StartAfterAnyCursor(Pair* reader) {
    const std::set<char>& channels = reader->expected.channels;
    const uint64_t head = model_.head_sequence;
    const uint64_t sequence = head - std::min<uint64_t>(head, Below(Below(2) == 0 ? 10 : 150));
    const GapReason gap = reader->real->StartAfter(sequence);
    ASSERT_EQ(gap == GapReason::kNone, model_.CanResume(channels, sequence));
    if (gap != GapReason::kNone) {
      EXPECT_EQ(gap, GapReason::kExpired);
      reader->real->StartAtHead();
      return;
    }
    EXPECT_EQ(reader->real->cursor(), sequence);
    for (const size_t i : model_.After(channels, sequence)) reader->expected.unread.insert(i);
  }

  void Compare() {
    ASSERT_EQ(ring_.events(), model_.events());
    ASSERT_EQ(ring_.bytes(), model_.bytes());
    ASSERT_EQ(ring_.head_sequence(), model_.head_sequence);
    ASSERT_EQ(ring_.floor_sequence(), model_.floor_sequence);
    std::set<char> channels = model_.RetainedChannels();
    for (const Pair& reader : readers_) {
      channels.insert(reader.expected.channels.begin(), reader.expected.channels.end());
    }
    ASSERT_EQ(ring_.channels(), channels.size());
  }

  std::mt19937 random_;
  ReadyQueue ready_;
  Ring ring_;
  RingModel model_;
  Epoch epoch_;
  SteadyTime now_ = SteadyTime(std::chrono::hours(1));
  std::array<Pair, kReaders> readers_;
  std::vector<size_t> taken_;  // of the model, beside the items of one Read
};

void CompareOverManySteps(const RetentionOptions& retention) {
  for (uint32_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Comparison comparison(seed, retention);
    for (int step = 0; step < 1000 && !testing::Test::HasFailure(); ++step) comparison.Step();
  }
}

TEST(RingModelTest, HoldsWhenEventsLeaveByAge) {
  CompareOverManySteps(
      {.max_age = std::chrono::seconds(1), .max_bytes = 1 << 20, .max_events_per_channel = 1000});
}
TEST(RingModelTest, HoldsWhenEventsLeaveByBytes) {
  CompareOverManySteps(
      {.max_age = std::chrono::hours(1), .max_bytes = 4000, .max_events_per_channel = 1000});
}
TEST(RingModelTest, HoldsWhenEventsLeaveFromFullChannels) {
  CompareOverManySteps(
      {.max_age = std::chrono::hours(1), .max_bytes = 1 << 20, .max_events_per_channel = 5});
}
TEST(RingModelTest, HoldsWhenEventsLeaveInEveryWay) {
  CompareOverManySteps(
      {.max_age = std::chrono::seconds(2), .max_bytes = 4000, .max_events_per_channel = 8});
}

}  // namespace
}  // namespace sluice::edge
