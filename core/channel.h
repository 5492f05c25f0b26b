#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace sluice {

// Where events go: one user's own channel, or a topic. A user and a topic of the same name are
// different channels.
enum class ChannelKind : uint8_t { kUser, kTopic };

inline constexpr size_t kMaxChannelNameBytes = 256;

// A channel borrowed from someone else's bytes, with its hash: the key of every channel table.
// The hash is computed once, where an event or a subscription enters the process.
struct ChannelView {
  ChannelView(ChannelKind channel_kind, std::string_view channel_name);
  ChannelView(ChannelKind channel_kind, std::string_view channel_name, size_t channel_hash)
      : kind(channel_kind), name(channel_name), hash(channel_hash) {}

  static ChannelView User(std::string_view name) { return {ChannelKind::kUser, name}; }
  static ChannelView Topic(std::string_view name) { return {ChannelKind::kTopic, name}; }

  friend bool operator==(const ChannelView& a, const ChannelView& b) {
    return a.hash == b.hash && a.kind == b.kind && a.name == b.name;
  }

  ChannelKind kind;
  std::string_view name;
  size_t hash;
};

// Hashes by the value that the view carries; for absl containers.
struct ChannelHash {
  size_t operator()(const ChannelView& channel) const { return channel.hash; }
};

// A channel that owns its name.
struct Channel {
  static Channel User(std::string name) { return {ChannelKind::kUser, std::move(name)}; }
  static Channel Topic(std::string name) { return {ChannelKind::kTopic, std::move(name)}; }
  ChannelView view() const { return {kind, name}; }
  friend auto operator<=>(const Channel&, const Channel&) = default;

  ChannelKind kind;
  std::string name;
};

// INVALID_ARGUMENT unless `name` is 1-256 bytes of UTF-8 without control characters (U+0000-001F,
// U+007F-009F). `field` names the offender in the message. Thread: any.
absl::Status ValidateChannelName(std::string_view field, std::string_view name);

}  // namespace sluice
