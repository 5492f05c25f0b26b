#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/channel.h"

namespace sluice::ingest {

// What a log is there for.
enum class LogContent : uint8_t {
  kEvents,
  kRevocations,  // a user's channel is that user, a topic's a token's `jti`
};

// The subjects of one namespace's events: `sluice.<ns>.ev.u.<token>` for a user's channel and
// `sluice.<ns>.ev.t.<token>` for a topic's; `revoked` in place of `ev` for revocations. A token
// keeps [A-Za-z0-9_-] and writes every other octet as `=XX` in upper case: injective, one subject
// token, and no octet that means something to NATS. A name of 256 octets may become 768. Thread:
// any (immutable).
class EventSubject {
 public:
  explicit EventSubject(std::string_view name_space, LogContent content = LogContent::kEvents);

  std::string Encode(const ChannelView& channel) const;
  // The channel of a subject; nullopt unless Encode of it gives the same subject and its name is
  // valid (core/channel.h). Anyone may publish to the stream.
  std::optional<Channel> Decode(std::string_view subject) const;
  // Matches all of them, `sluice.<ns>.ev.>`.
  std::string Wildcard() const { return prefix_ + ">"; }

 private:
  const std::string prefix_;  // `sluice.<ns>.ev.`
};

// One token of a subject, and back; nullopt unless EncodeToken gives the same token again.
std::string EncodeToken(std::string_view name);
std::optional<std::string> DecodeToken(std::string_view token);

}  // namespace sluice::ingest
