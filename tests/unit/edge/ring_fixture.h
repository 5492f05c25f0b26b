#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/event.h"
#include "core/options.h"
#include "edge/engine/reader.h"
#include "edge/engine/ring.h"

namespace sluice::edge {

// A ring, and a language for what happens to it: channels are users of one letter, events have the
// sequences 1, 2, 3 ... unless a test skips some, and what a reader gets is one line of text.
class RingFixture : public testing::Test {
 protected:
  static constexpr uint64_t kFrameCacheBytes = 4096;

  // Tests change `retention_` before they first touch the ring.
  Ring& ring() {
    if (!ring_) {
      ring_ = std::make_unique<Ring>(retention_, kFrameCacheBytes);
      ring_->Restart(*Epoch::Parse("e1"), 1);
    }
    return *ring_;
  }

  // Appends one event per letter, in one batch: "aab" is two of user a and one of b.
  void Publish(std::string_view channels, std::string_view data = "data") {
    auto batch = std::make_shared<EventBatch>();
    for (const char& channel : channels) {
      batch->events.emplace_back(next_sequence_++, ChannelView::User({&channel, 1}), "", data,
                                 Event::Times{.published = {}, .stored = now_});
    }
    ring().Append(std::move(batch), &ready_, offer_);
  }
  void SkipSequences(uint64_t count) { next_sequence_ += count; }
  void Pass(std::chrono::milliseconds time) {
    now_ += time;
    ring().Trim(now_);
  }

  std::unique_ptr<Reader> Follow(std::string_view channels) {
    auto reader = std::make_unique<Reader>(&ring());
    for (const char& channel : channels) reader->Follow(ChannelView::User({&channel, 1}));
    return reader;
  }
  std::unique_ptr<Reader> FollowFromHead(std::string_view channels) {
    auto reader = Follow(channels);
    reader->StartAtHead();
    return reader;
  }

  // All that there is to read, such as "1a 3b"; "gap" follows where events were lost.
  std::string ReadAll(Reader* reader) {
    std::string line;
    Reader::Item item;
    while (reader->Next(&item)) {
      if (!line.empty()) line += ' ';
      line += std::to_string(item.sequence);
      line += ring().at(item.position).event->channel().name;
      reader->set_cursor(item.sequence);
    }
    if (reader->gap() != GapReason::kNone) line += line.empty() ? "gap" : " gap";
    return line;
  }

  static size_t SizeOf(std::string_view data) {
    return Event(1, ChannelView::User("a"), "", data, {}).size_bytes();
  }

  RetentionOptions retention_;
  SteadyTime now_ = SteadyTime(std::chrono::hours(1));
  ReadyQueue ready_;
  std::function<void()> offer_;  // called where a burst is more than a channel retains

 private:
  std::unique_ptr<Ring> ring_;
  uint64_t next_sequence_ = 1;
};

}  // namespace sluice::edge
