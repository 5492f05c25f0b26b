#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/event.h"
#include "core/options.h"

namespace sluice::edge {

// What a ring and its readers should do, said in the plainest way: all events ever appended in one
// vector with a mark on those that were dropped, and per reader the set of what it still has to
// get. Everything is found by looking at everything. Thread: one.
class RingModel {
 public:
  struct StoredEvent {
    uint64_t sequence;
    char channel;
    SteadyTime stored;
    uint64_t bytes;
    bool dropped = false;
  };
  // A reader: its channels and the indexes of the events that it has to get.
  struct Expectation {
    std::set<char> channels;
    std::set<size_t> unread;
  };

  explicit RingModel(const RetentionOptions& retention) : retention_(retention) {}

  void Append(const StoredEvent& event) {
    events_.push_back(event);
    head_sequence = event.sequence;
    std::vector<size_t> kept = RetainedOf(event.channel);
    if (kept.size() > retention_.max_events_per_channel) events_[kept.front()].dropped = true;
  }
  void Trim(SteadyTime now) {
    for (; front_ < events_.size(); ++front_) {
      const bool expired = events_[front_].stored + retention_.max_age <= now;
      const bool full = bytes() > retention_.max_bytes || HeldBytes() > 2 * retention_.max_bytes;
      if (!expired && !full) return;
      events_[front_].dropped = true;
      floor_sequence = events_[front_].sequence;
    }
  }
  void Restart(uint64_t first_sequence) {
    for (StoredEvent& event : events_) event.dropped = true;
    front_ = incarnation_ = events_.size();
    assumed_.clear();
    head_sequence = floor_sequence = first_sequence - 1;
  }
  void AssumeFullChannelsDropped() {
    for (const char channel : RetainedChannels()) {
      const std::vector<size_t> kept = RetainedOf(channel);
      if (kept.size() < retention_.max_events_per_channel) continue;
      assumed_[channel] = events_[kept.front()].sequence - 1;
    }
  }

  // Whether a reader of `channels` can have all after `sequence`.
  bool CanResume(const std::set<char>& channels, uint64_t sequence) const {
    if (sequence < floor_sequence) return false;
    for (const auto& [channel, assumed] : assumed_) {
      if (channels.contains(channel) && sequence < assumed) return false;
    }
    for (const size_t i : After(channels, sequence)) {
      if (events_[i].dropped) return false;
    }
    return true;
  }
  // The events of this incarnation on `channels` after `sequence`.
  std::vector<size_t> After(const std::set<char>& channels, uint64_t sequence) const {
    std::vector<size_t> found;
    for (size_t i = incarnation_; i < events_.size(); ++i) {
      if (channels.contains(events_[i].channel) && events_[i].sequence > sequence) {
        found.push_back(i);
      }
    }
    return found;
  }
  std::vector<size_t> RetainedOf(char channel) const {
    std::vector<size_t> found;
    for (size_t i = incarnation_; i < events_.size(); ++i) {
      if (events_[i].channel == channel && !events_[i].dropped) found.push_back(i);
    }
    return found;
  }
  std::set<char> RetainedChannels() const {
    std::set<char> found;
    for (size_t i = incarnation_; i < events_.size(); ++i) {
      if (!events_[i].dropped) found.insert(events_[i].channel);
    }
    return found;
  }

  const StoredEvent& at(size_t index) const { return events_[index]; }
  size_t size() const { return events_.size(); }
  uint64_t events() const {
    uint64_t count = 0;
    for (size_t i = incarnation_; i < events_.size(); ++i) count += !events_[i].dropped;
    return count;
  }
  uint64_t bytes() const {
    uint64_t sum = 0;
    for (size_t i = incarnation_; i < events_.size(); ++i) {
      if (!events_[i].dropped) sum += events_[i].bytes;
    }
    return sum;
  }

  uint64_t head_sequence = 0;
  uint64_t floor_sequence = 0;

 private:
  // Everything not yet dropped at the front, whether or not it was dropped from the middle.
  uint64_t HeldBytes() const {
    uint64_t sum = 0;
    for (size_t i = front_; i < events_.size(); ++i) sum += events_[i].bytes;
    return sum;
  }

  const RetentionOptions retention_;
  std::vector<StoredEvent> events_;
  size_t front_ = 0;                  // all before have left at the front
  size_t incarnation_ = 0;            // where the present epoch begins
  std::map<char, uint64_t> assumed_;  // what may have been dropped before the start
};

}  // namespace sluice::edge
