#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/container/inlined_vector.h"
#include "core/cursor.h"
#include "core/event.h"
#include "core/options.h"
#include "edge/engine/frame.h"
#include "edge/engine/reader.h"
#include "edge/engine/scratch.h"
#include "edge/engine/wire_format.h"

namespace sluice::edge {

// A channel as the ring knows it: the chain of its retained events and the readers that follow it.
// Lives while it has either. Thread: shard. Owner: Ring.
struct RingChannel {
  struct Follower {
    Reader* reader;
    uint32_t subscription;  // index into the reader's subscriptions
  };

  ChannelView key() const { return {kind, name, hash}; }

  std::string name;
  size_t hash;
  RingPosition oldest = kNoPosition;
  RingPosition newest = kNoPosition;
  uint64_t dropped_sequence = 0;  // the newest event dropped for max_events_per_channel
  uint64_t events = 0;
  absl::InlinedVector<Follower, 1> followers;
  ChannelKind kind;
};

// The whole retention window of the log in one shard's memory. Every event has a position (rising
// by one, unlike sequences); the events of one channel are chained through their slots, so that a
// reader visits only what concerns it. Events leave at the front by age and bytes, and out of the
// middle where a channel has more than its maximum. Thread: shard. Owner: Shard.
class Ring {
 public:
  struct Slot {
    const Event* event = nullptr;
    RingChannel* channel = nullptr;       // null: dropped from the middle
    RingPosition next = kNoPosition;      // in the channel
    RingPosition previous = kNoPosition;  // in the channel; meaningless for its oldest
    std::array<Frame*, kWireFormats> frames{};
  };

  // `frame_cache_bytes` bounds the encoded frames that are kept for later readers.
  Ring(const RetentionOptions& retention, uint64_t frame_cache_bytes);
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  // Forgets all events and starts again: below `first_sequence` nothing can be had.
  void Restart(const Epoch& epoch, uint64_t first_sequence);
  // Adds the events in order. Readers with news that were idle go to the end of `ready`.
  // Where a channel overflows with events that came since `ready` was empty, `offer` is called
  // before the first of them goes: it lets each reader in `ready` read, else even the quickest
  // would miss what a burst had more of than a channel retains.
  void Append(std::shared_ptr<const EventBatch> batch, ReadyQueue* ready,
              const std::function<void()>& offer = nullptr);
  // Drops what is too old or too much. O(dropped).
  void Trim(SteadyTime now);
  // The log ends at `sequence` and all before it has been appended.
  void AdvanceHead(uint64_t sequence);
  // Where the log retains the maximum of a channel, older events of it may have been dropped before
  // this ring began. Called once, when the retained events have been appended.
  void AssumeFullChannelsDropped();

  // The frame of the retained event at `position`; borrowed until the next TrimFrames.
  Frame* EncodedFrame(RingPosition position, WireFormat format);
  // The octets of the same, for a reader that sends them now: those of the frame where several
  // readers may share it, otherwise written into `scratch`, if they fit there.
  std::string_view EncodedOctets(RingPosition position, WireFormat format, Scratch* scratch);
  // Lets go of the oldest encoded frames beyond the limit.
  void TrimFrames();

  const Slot& at(RingPosition position) const {
    const uint64_t index = position - first_chunk_position_;
    return (*chunks_[index / kChunkSlots])[index % kChunkSlots];
  }
  bool IsRetained(RingPosition position) const {
    return position >= front_ && at(position).channel != nullptr;
  }

  // Where the first event after `sequence` stands, or would.
  RingPosition FirstAfter(uint64_t sequence) const;

  // For readers: puts the reader among the followers of a channel, and takes it out. O(1).
  RingChannel* Follow(const ChannelView& channel, Reader* reader, uint32_t subscription);
  void Unfollow(RingChannel* channel, uint32_t follower);
  // Its reader knows the channel as `subscription` from now on.
  void Renumber(RingChannel* channel, uint32_t follower, uint32_t subscription);

  const Epoch& epoch() const { return epoch_; }
  // Everything up to here has been appended.
  uint64_t head_sequence() const { return head_sequence_; }
  // Above here nothing has left at the front.
  uint64_t floor_sequence() const { return floor_sequence_; }
  Cursor head() const { return {epoch_, head_sequence_}; }
  uint64_t events() const { return events_; }
  uint64_t bytes() const { return bytes_; }
  uint64_t frame_bytes() const { return frame_bytes_; }
  size_t channels() const { return channels_.size(); }

 private:
  static constexpr size_t kChunkSlots = 1024;
  using Chunk = std::array<Slot, kChunkSlots>;
  struct HeldBatch {
    std::shared_ptr<const EventBatch> batch;
    RingPosition last;
  };
  // Finds channels by ChannelView without building one.
  struct KeyHash {
    using is_transparent = void;  // NOLINT(readability-identifier-naming): absl looks for it
    size_t operator()(const ChannelView& key) const { return key.hash; }
    size_t operator()(const std::unique_ptr<RingChannel>& channel) const { return channel->hash; }
  };
  struct KeyEqual {
    using is_transparent = void;  // NOLINT(readability-identifier-naming): absl looks for it
    static ChannelView Key(const ChannelView& key) { return key; }
    static ChannelView Key(const std::unique_ptr<RingChannel>& channel) { return channel->key(); }
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      return Key(a) == Key(b);
    }
  };

  Slot& MutableAt(RingPosition position) { return const_cast<Slot&>(at(position)); }
  RingChannel* FindOrAdd(const ChannelView& key);
  void EraseIfUnused(RingChannel* channel);
  RingChannel* AppendEvent(const Event& event, ReadyQueue* ready);
  void DropOldestOf(RingChannel* channel);
  void DropFront();
  void ReleaseFrames(Slot* slot);

  const RetentionOptions retention_;
  const uint64_t frame_cache_bytes_;

  Epoch epoch_;
  uint64_t head_sequence_ = 0;
  uint64_t floor_sequence_ = 0;
  RingPosition front_ = 1;      // the oldest position held
  RingPosition end_ = 1;        // one past the newest
  RingPosition unoffered_ = 1;  // from here on, ready readers may not have had their chance
  RingPosition first_chunk_position_ = 1;
  std::deque<std::unique_ptr<Chunk>> chunks_;
  std::deque<HeldBatch> batches_;
  uint64_t events_ = 0;      // retained
  uint64_t bytes_ = 0;       // of retained events
  uint64_t held_bytes_ = 0;  // and of those dropped from the middle, whose batches are still held
  absl::flat_hash_set<std::unique_ptr<RingChannel>, KeyHash, KeyEqual> channels_;
  std::deque<RingPosition> encoded_;  // positions with frames, in order of encoding
  uint64_t frame_bytes_ = 0;
};

}  // namespace sluice::edge
