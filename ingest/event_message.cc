#include "ingest/event_message.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <utility>

#include "core/utf8.h"
#include "ingest/event_subject.h"

namespace sluice::ingest {
namespace {

constexpr const char* kTypeHeader = "Sluice-Type";
constexpr const char* kTypeTokenHeader = "Sluice-Type-Token";
constexpr const char* kTimeHeader = "Sluice-Time";
constexpr const char* kKeyHeader = "Nats-Msg-Id";
constexpr const char* kTraceHeader = "traceparent";
// A clock that is further ahead of NATS's than this is not believed.
constexpr std::chrono::hours kMaxSkew{1};

// Header values lose white space around them, and control characters are not for them at all.
bool SurvivesAsHeader(std::string_view text) {
  return text.front() != ' ' && text.back() != ' ' &&
         std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// The key in one token behind the channel's: a dot is in neither.
std::string MessageId(const AppendRequest& request) {
  std::string id = request.channel.kind == ChannelKind::kUser ? "u." : "t.";
  id += EncodeToken(request.channel.name);
  id += '.';
  id += EncodeToken(request.idempotency_key);
  return id;
}

int64_t UnixNanoseconds(WallTime time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

std::optional<std::string> TypeOf(const NatsMessage& message) {
  if (const auto token = message.Header(kTypeTokenHeader)) return DecodeToken(*token);
  return std::string(message.Header(kTypeHeader).value_or(""));
}

WallTime PublishedAt(const NatsMessage& message, WallTime stored) {
  const std::string_view text = message.Header(kTimeHeader).value_or("");
  int64_t ns = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), ns);
  if (text.empty() || result.ec != std::errc() || result.ptr != text.data() + text.size()) {
    return stored;
  }
  const WallTime published{
      std::chrono::duration_cast<WallTime::duration>(std::chrono::nanoseconds(ns))};
  return ns <= 0 || published > stored + kMaxSkew || published < stored - kMaxSkew ? stored
                                                                                   : published;
}

}  // namespace

std::vector<NatsHeader> EventHeaders(const AppendRequest& request, WallTime now) {
  std::vector<NatsHeader> headers;
  headers.reserve(4);
  headers.push_back({kTimeHeader, std::to_string(UnixNanoseconds(now))});
  if (!request.type.empty()) {
    if (SurvivesAsHeader(request.type)) {
      headers.push_back({kTypeHeader, std::string(request.type)});
    } else {
      headers.push_back({kTypeTokenHeader, EncodeToken(request.type)});
    }
  }
  if (!request.idempotency_key.empty()) headers.push_back({kKeyHeader, MessageId(request)});
  if (!request.traceparent.empty()) {
    headers.push_back({kTraceHeader, std::string(request.traceparent)});
  }
  return headers;
}

absl::StatusOr<EventParts> ParseEventMessage(const NatsMessage& message,
                                             const EventSubject& subject, WallTime stored,
                                             MessageFault* fault) {
  const auto refuse = [fault](MessageFault found) {
    *fault = found;
    return absl::InvalidArgumentError("not an event");
  };
  std::optional<Channel> channel = subject.Decode(message.subject());
  if (!channel) return refuse(MessageFault::kSubject);
  std::optional<std::string> type = TypeOf(message);
  if (!type || !ValidateEventType("type", *type).ok()) return refuse(MessageFault::kType);
  if (!IsValidUtf8(message.data())) return refuse(MessageFault::kData);
  return EventParts{*std::move(channel), *std::move(type), PublishedAt(message, stored)};
}

}  // namespace sluice::ingest
