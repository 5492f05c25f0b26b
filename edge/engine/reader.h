#pragma once

#include <cstdint>
#include <vector>

#include <boost/intrusive/list.hpp>

#include "absl/container/inlined_vector.h"
#include "core/channel.h"
#include "edge/engine/gap_reason.h"

namespace sluice::edge {

class Ring;
struct RingChannel;

// Where an event stands in a ring; 0 is nowhere.
using RingPosition = uint64_t;
inline constexpr RingPosition kNoPosition = 0;

// Links a reader into the queue of those with something to read; unlinks itself.
using ReadyHook =
    boost::intrusive::list_base_hook<boost::intrusive::tag<struct ReadyTag>,
                                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

// A cursor into the ring over the channels of one session: the single path for initial replay,
// reconnect, live delivery and slow readers. It holds no events; per channel it knows the position
// of the first event not yet read, if any. Thread: shard.
class Reader : public ReadyHook {
 public:
  enum class State : uint8_t {
    kIdle,     // has read everything; news puts it into the ready queue
    kReady,    // in the ready queue, or about to read
    kBlocked,  // its socket takes nothing; news only waits in the ring
  };
  // An event read, and how to take the reading back.
  struct Item {
    RingPosition position;
    uint64_t sequence;
    uint32_t subscription;
  };

  explicit Reader(Ring* ring) : ring_(ring) {}
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // Follows one more channel, from here on; false if it already does.
  bool Follow(const ChannelView& channel);
  // False if it does not. Not the first that was followed.
  bool Unfollow(const ChannelView& channel);

  // Where to begin, for all channels followed so far.
  void StartAtHead();
  void StartAtEarliest();
  void StartAtLast();  // the newest event of each channel
  // All after `sequence`, which the client presented for this epoch and which the head has reached.
  // Anything but kNone: not all of it is retained; the reader has not moved.
  GapReason StartAfter(uint64_t sequence);

  // The same for the channel that was followed last alone; the cursor stays.
  enum class From : uint8_t { kNow, kEarliest, kLast };
  void StartLastFollowed(From from);
  GapReason StartLastFollowedAfter(uint64_t sequence);
  // Reads a channel that it follows once more, from behind `sequence` on. Anything but kNone: not
  // all of it is retained; nothing has changed.
  GapReason RereadAfter(const ChannelView& channel, uint64_t sequence);
  // Reads it once more, from its oldest or newest retained event on. Returns a sequence that is
  // below that and not below those before it.
  uint64_t Reread(const ChannelView& channel, From from);

  // Reads the next event in log order into `item`; false if there is none.
  // Sets gap() when events were lost that it had not read yet.
  bool Next(Item* item);
  // Takes back the items from the one that was read last to `item`, in this order.
  void Unread(const Item& item);

  // A loss that the client has to be told of before it reads on. Clearing it moves to the head.
  GapReason gap() const { return gap_; }
  // A loss within an epoch adds nothing to that of the epoch itself.
  void set_gap(GapReason reason) {
    if (gap_ != GapReason::kEpoch) gap_ = reason;
  }
  void SkipGap();

  // The id that the client has seen last, in the ring's epoch.
  uint64_t cursor() const { return cursor_; }
  void set_cursor(uint64_t sequence) { cursor_ = sequence; }
  State state() const { return state_; }
  void set_state(State state) { state_ = state; }
  size_t channel_count() const { return subscriptions_.size(); }
  // In the order in which they were followed.
  ChannelView channel(size_t index) const;

 private:
  friend class Ring;
  struct Subscription {
    RingChannel* channel;
    RingPosition next;  // first event not yet read
    uint32_t follower;  // index into channel->followers
  };

  Subscription& Find(const ChannelView& channel);
  // To the first event of its channel from `first` on.
  void StartAt(RingPosition first, Subscription* subscription);

  Ring* const ring_;
  uint64_t cursor_ = 0;
  absl::InlinedVector<Subscription, 2> subscriptions_;
  State state_ = State::kIdle;
  GapReason gap_ = GapReason::kNone;
};

// Readers with something to read, first come first served. Thread: shard.
using ReadyQueue = boost::intrusive::list<Reader, boost::intrusive::base_hook<ReadyHook>,
                                          boost::intrusive::constant_time_size<false>>;

}  // namespace sluice::edge
