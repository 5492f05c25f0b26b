#include "edge/engine/reader.h"

#include <algorithm>

#include "core/check.h"
#include "edge/engine/ring.h"

namespace sluice::edge {

Reader::~Reader() {
  for (const Subscription& subscription : subscriptions_) {
    ring_->Unfollow(subscription.channel, subscription.follower);
  }
}

bool Reader::Follow(const ChannelView& channel) {
  for (const Subscription& subscription : subscriptions_) {
    if (subscription.channel->key() == channel) return false;
  }
  subscriptions_.push_back({nullptr, kNoPosition, 0});
  const auto index = static_cast<uint32_t>(subscriptions_.size() - 1);
  subscriptions_[index].channel = ring_->Follow(channel, this, index);
  return true;
}

bool Reader::Unfollow(const ChannelView& channel) {
  for (uint32_t i = 1; i < subscriptions_.size(); ++i) {
    if (!(subscriptions_[i].channel->key() == channel)) continue;
    ring_->Unfollow(subscriptions_[i].channel, subscriptions_[i].follower);
    // The last takes its place.
    if (i + 1 < subscriptions_.size()) {
      subscriptions_[i] = subscriptions_.back();
      ring_->Renumber(subscriptions_[i].channel, subscriptions_[i].follower, i);
    }
    subscriptions_.pop_back();
    return true;
  }
  return false;
}

ChannelView Reader::channel(size_t index) const { return subscriptions_[index].channel->key(); }

void Reader::StartAtHead() {
  for (Subscription& subscription : subscriptions_) subscription.next = kNoPosition;
  cursor_ = ring_->head_sequence();
}

void Reader::StartAtEarliest() {
  for (Subscription& subscription : subscriptions_) {
    subscription.next = subscription.channel->oldest;
  }
  cursor_ = ring_->floor_sequence();
}

void Reader::StartAtLast() {
  cursor_ = ring_->head_sequence();
  for (Subscription& subscription : subscriptions_) {
    subscription.next = subscription.channel->newest;
    if (subscription.next == kNoPosition) continue;
    // An id below all that follows, so that ids rise.
    cursor_ = std::min(cursor_, ring_->at(subscription.next).event->sequence() - 1);
  }
}

GapReason Reader::StartAfter(uint64_t sequence) {
  SLUICE_DCHECK(sequence <= ring_->head_sequence());
  if (sequence < ring_->floor_sequence()) return GapReason::kExpired;
  for (const Subscription& subscription : subscriptions_) {
    if (sequence < subscription.channel->dropped_sequence) return GapReason::kExpired;
  }
  const RingPosition first = ring_->FirstAfter(sequence);
  for (Subscription& subscription : subscriptions_) StartAt(first, &subscription);
  cursor_ = sequence;
  return GapReason::kNone;
}

void Reader::StartAt(RingPosition first, Subscription* subscription) {
  // Back along the slots alone; the events are on their way from memory meanwhile.
  const RingChannel& channel = *subscription->channel;
  subscription->next = kNoPosition;
  RingPosition position = channel.newest;
  while (position >= first) {  // kNoPosition is below all
    subscription->next = position;
    __builtin_prefetch(ring_->at(position).event);
    position = position == channel.oldest ? kNoPosition : ring_->at(position).previous;
  }
}

void Reader::StartLastFollowed(From from) {
  Subscription& subscription = subscriptions_.back();
  const RingChannel& channel = *subscription.channel;
  subscription.next = from == From::kEarliest ? channel.oldest
                      : from == From::kLast   ? channel.newest
                                              : kNoPosition;
}

GapReason Reader::StartLastFollowedAfter(uint64_t sequence) {
  subscriptions_.back().next = kNoPosition;
  return RereadAfter(channel(subscriptions_.size() - 1), sequence);
}

GapReason Reader::RereadAfter(const ChannelView& channel, uint64_t sequence) {
  SLUICE_DCHECK(sequence <= ring_->head_sequence());
  Subscription& subscription = Find(channel);
  if (sequence < ring_->floor_sequence() || sequence < subscription.channel->dropped_sequence) {
    return GapReason::kExpired;
  }
  StartAt(ring_->FirstAfter(sequence), &subscription);
  return GapReason::kNone;
}

uint64_t Reader::Reread(const ChannelView& channel, From from) {
  Subscription& subscription = Find(channel);
  const RingPosition first = from == From::kEarliest ? subscription.channel->oldest
                             : from == From::kLast   ? subscription.channel->newest
                                                     : kNoPosition;
  if (first == kNoPosition) return ring_->head_sequence();
  subscription.next = first;
  return ring_->at(first).event->sequence() - 1;
}

Reader::Subscription& Reader::Find(const ChannelView& channel) {
  const auto found =
      std::find_if(subscriptions_.begin(), subscriptions_.end(),
                   [&](const Subscription& each) { return each.channel->key() == channel; });
  SLUICE_CHECK(found != subscriptions_.end());
  return *found;
}

bool Reader::Next(Item* item) {
  uint32_t chosen = 0;
  RingPosition first = kNoPosition;
  for (uint32_t i = 0; i < subscriptions_.size(); ++i) {
    const RingPosition next = subscriptions_[i].next;
    if (next == kNoPosition || (first != kNoPosition && next > first)) continue;
    first = next;
    chosen = i;
  }
  if (first == kNoPosition) return false;
  // Positions are log order, and what is dropped is dropped oldest first within a channel: an event
  // that is lost on any channel is found here before anything newer of that channel is read.
  if (!ring_->IsRetained(first)) {
    gap_ = GapReason::kOverflow;
    return false;
  }
  const Ring::Slot& slot = ring_->at(first);
  subscriptions_[chosen].next = slot.next;
  *item = {first, slot.event->sequence(), chosen};
  return true;
}

void Reader::Unread(const Item& item) { subscriptions_[item.subscription].next = item.position; }

void Reader::SkipGap() {
  gap_ = GapReason::kNone;
  StartAtHead();
}

}  // namespace sluice::edge
