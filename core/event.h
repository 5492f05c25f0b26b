#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "core/channel.h"

namespace sluice {

using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

inline constexpr size_t kMaxEventTypeBytes = 64;

// INVALID_ARGUMENT unless `type` is at most 64 bytes of UTF-8 without CR, LF and NUL and none of
// the names of what an edge says about the connection itself: `connected`, `gap`, `closing`
// (docs/protocol.md). `field` names the offender in the message. Thread: any.
absl::Status ValidateEventType(std::string_view field, std::string_view type);

// One published event at its place in the log. Name, type and data share one allocation.
// Immutable once it is in a batch. Thread: any.
class Event {
 public:
  struct Times {
    WallTime published;   // by the publisher's gateway; for latency figures and revocations
    SteadyTime stored{};  // where this process counts the event's age from
  };

  // Copies the bytes. `channel.hash` is kept.
  Event(uint64_t sequence, const ChannelView& channel, std::string_view type, std::string_view data,
        Times times);

  uint64_t sequence() const { return sequence_; }
  ChannelView channel() const { return {kind_, {bytes_.get(), name_bytes_}, channel_hash_}; }
  std::string_view type() const { return {bytes_.get() + name_bytes_, type_bytes_}; }
  std::string_view data() const { return {bytes_.get() + name_bytes_ + type_bytes_, data_bytes_}; }
  WallTime published() const { return times_.published; }
  SteadyTime stored() const { return times_.stored; }
  // What retention counts: the bytes of name, type and data and this object itself.
  size_t size_bytes() const { return sizeof(Event) + name_bytes_ + type_bytes_ + data_bytes_; }
  // Has the processor fetch the first bytes, for one who is about to read many events.
  void Prefetch() const {
    for (size_t i = 0; i < kPrefetchBytes; i += kCacheLineBytes) {
      __builtin_prefetch(bytes_.get() + i);
    }
  }

 private:
  static constexpr size_t kCacheLineBytes = 64;
  static constexpr size_t kPrefetchBytes = 4 * kCacheLineBytes;

  uint64_t sequence_;
  size_t channel_hash_;
  Times times_;
  std::unique_ptr<char[]> bytes_;
  uint32_t data_bytes_;
  uint16_t name_bytes_;
  uint8_t type_bytes_;
  ChannelKind kind_;
};

// Events in log order, sequences strictly rising. What the log hands to its tails: one allocation
// and one reference count for many events. Thread: any (immutable).
struct EventBatch {
  std::vector<Event> events;
};

}  // namespace sluice
