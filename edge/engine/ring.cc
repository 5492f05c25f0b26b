#include "edge/engine/ring.h"

#include <algorithm>

#include "core/check.h"

namespace sluice::edge {

Ring::Ring(const RetentionOptions& retention, uint64_t frame_cache_bytes)
    : retention_(retention), frame_cache_bytes_(frame_cache_bytes) {}

Ring::~Ring() {
  while (front_ < end_) DropFront();
}

void Ring::Restart(const Epoch& epoch, uint64_t first_sequence) {
  while (front_ < end_) DropFront();
  for (const auto& channel : channels_) channel->dropped_sequence = 0;
  epoch_ = epoch;
  floor_sequence_ = first_sequence - 1;
  head_sequence_ = floor_sequence_;
}

void Ring::Append(std::shared_ptr<const EventBatch> batch, ReadyQueue* ready,
                  const std::function<void()>& offer) {
  if (ready->empty()) unoffered_ = end_;
  for (const Event& event : batch->events) {
    RingChannel* channel = AppendEvent(event, ready);
    if (channel->events <= retention_.max_events_per_channel) continue;
    if (channel->oldest >= unoffered_ && offer) {
      offer();
      unoffered_ = end_;
    }
    DropOldestOf(channel);
  }
  batches_.push_back({std::move(batch), end_ - 1});
}

RingChannel* Ring::AppendEvent(const Event& event, ReadyQueue* ready) {
  SLUICE_DCHECK(event.sequence() > head_sequence_);
  const RingPosition position = end_;
  if (position - first_chunk_position_ == chunks_.size() * kChunkSlots) {
    chunks_.push_back(std::make_unique<Chunk>());
  }
  ++end_;

  RingChannel* channel = FindOrAdd(event.channel());
  Slot& slot = MutableAt(position);
  slot = {.event = &event, .channel = channel, .previous = channel->newest};
  if (channel->newest == kNoPosition) {
    channel->oldest = position;
  } else {
    MutableAt(channel->newest).next = position;
  }
  channel->newest = position;
  ++channel->events;
  ++events_;
  bytes_ += event.size_bytes();
  held_bytes_ += event.size_bytes();
  head_sequence_ = event.sequence();

  for (const RingChannel::Follower& follower : channel->followers) {
    Reader& reader = *follower.reader;
    Reader::Subscription& subscription = reader.subscriptions_[follower.subscription];
    if (subscription.next == kNoPosition) subscription.next = position;
    if (reader.state_ == Reader::State::kIdle) {
      reader.state_ = Reader::State::kReady;
      ready->push_back(reader);
    }
  }
  return channel;
}

void Ring::AdvanceHead(uint64_t sequence) { head_sequence_ = std::max(head_sequence_, sequence); }

void Ring::AssumeFullChannelsDropped() {
  for (const auto& channel : channels_) {
    if (channel->events < retention_.max_events_per_channel) continue;
    channel->dropped_sequence =
        std::max(channel->dropped_sequence, at(channel->oldest).event->sequence() - 1);
  }
}

void Ring::Trim(SteadyTime now) {
  while (front_ < end_) {
    const bool expired = at(front_).event->stored() + retention_.max_age <= now;
    // What was dropped from the middle costs memory until its batch goes: twice the limit at most.
    const bool full = bytes_ > retention_.max_bytes || held_bytes_ > 2 * retention_.max_bytes;
    if (!expired && !full) break;
    DropFront();
  }
}

void Ring::DropOldestOf(RingChannel* channel) {
  Slot& slot = MutableAt(channel->oldest);
  channel->dropped_sequence = slot.event->sequence();
  channel->oldest = slot.next;
  --channel->events;
  --events_;
  bytes_ -= slot.event->size_bytes();
  slot.channel = nullptr;
  ReleaseFrames(&slot);
}

void Ring::DropFront() {
  Slot& slot = MutableAt(front_);
  floor_sequence_ = slot.event->sequence();
  held_bytes_ -= slot.event->size_bytes();
  if (RingChannel* channel = slot.channel; channel != nullptr) {
    SLUICE_DCHECK(channel->oldest == front_);
    channel->oldest = slot.next;
    if (slot.next == kNoPosition) channel->newest = kNoPosition;
    --channel->events;
    --events_;
    bytes_ -= slot.event->size_bytes();
    slot.channel = nullptr;
    EraseIfUnused(channel);
  }
  ReleaseFrames(&slot);
  ++front_;
  if (batches_.front().last < front_) batches_.pop_front();
  if (front_ - first_chunk_position_ == kChunkSlots) {
    // The chunk is used again, so that a steady ring allocates nothing.
    chunks_.push_back(std::move(chunks_.front()));
    chunks_.pop_front();
    first_chunk_position_ += kChunkSlots;
    const uint64_t needed = (end_ - first_chunk_position_) / kChunkSlots + 2;
    while (chunks_.size() > needed) chunks_.pop_back();
  }
}

Frame* Ring::EncodedFrame(RingPosition position, WireFormat format) {
  Slot& slot = MutableAt(position);
  Frame*& frame = slot.frames[static_cast<size_t>(format)];
  if (frame == nullptr) {
    EncodeEvent(format, epoch_, *slot.event, [&frame](size_t size) {
      frame = Frame::New(size);
      return frame->mutable_data();
    });
    frame_bytes_ += frame->size();
    encoded_.push_back(position);
  }
  return frame;
}

std::string_view Ring::EncodedOctets(RingPosition position, WireFormat format, Scratch* scratch) {
  const Slot& slot = at(position);
  const bool shared = slot.channel->followers.size() > 1;
  if (!shared && slot.frames[static_cast<size_t>(format)] == nullptr) {
    const std::string_view octets =
        EncodeEvent(format, epoch_, *slot.event, [&](size_t size) { return scratch->Take(size); });
    if (!octets.empty()) return octets;
  }
  return EncodedFrame(position, format)->bytes();
}

void Ring::TrimFrames() {
  while (frame_bytes_ > frame_cache_bytes_ && !encoded_.empty()) {
    const RingPosition oldest = encoded_.front();
    encoded_.pop_front();
    if (oldest >= front_) ReleaseFrames(&MutableAt(oldest));
  }
}

void Ring::ReleaseFrames(Slot* slot) {
  for (Frame*& frame : slot->frames) {
    if (frame == nullptr) continue;
    frame_bytes_ -= frame->size();
    frame->Unref();
    frame = nullptr;
  }
  while (!encoded_.empty() && encoded_.front() < front_) encoded_.pop_front();
}

RingChannel* Ring::FindOrAdd(const ChannelView& key) {
  const auto found = channels_.find(key);
  if (found != channels_.end()) return found->get();
  auto channel = std::make_unique<RingChannel>();
  channel->name = std::string(key.name);
  channel->hash = key.hash;
  channel->kind = key.kind;
  return channels_.insert(std::move(channel)).first->get();
}

void Ring::EraseIfUnused(RingChannel* channel) {
  if (channel->events == 0 && channel->followers.empty()) {
    channels_.erase(channels_.find(channel->key()));
  }
}

RingPosition Ring::FirstAfter(uint64_t sequence) const {
  RingPosition low = front_;
  RingPosition high = end_;
  while (low < high) {
    const RingPosition middle = low + (high - low) / 2;
    if (at(middle).event->sequence() > sequence) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

RingChannel* Ring::Follow(const ChannelView& channel, Reader* reader, uint32_t subscription) {
  RingChannel* entry = FindOrAdd(channel);
  reader->subscriptions_[subscription].follower = static_cast<uint32_t>(entry->followers.size());
  entry->followers.push_back({reader, subscription});
  return entry;
}

void Ring::Renumber(RingChannel* channel, uint32_t follower, uint32_t subscription) {
  channel->followers[follower].subscription = subscription;
}

void Ring::Unfollow(RingChannel* channel, uint32_t follower) {
  auto& followers = channel->followers;
  const RingChannel::Follower moved = followers.back();
  followers[follower] = moved;
  moved.reader->subscriptions_[moved.subscription].follower = follower;
  followers.pop_back();
  EraseIfUnused(channel);
}

}  // namespace sluice::edge
