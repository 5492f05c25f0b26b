#include "ingest/client_message_queue.h"

#include <algorithm>

#include "core/channel.h"
#include "core/status.h"

namespace sluice::ingest {
namespace {

constexpr size_t kMaxGroupBytes = 64;
constexpr size_t kMaxConnectionBytes = 256;

bool HasEmptyToken(std::string_view name) {
  return name.empty() || name.starts_with('.') || name.ends_with('.') ||
         name.find("..") != std::string_view::npos;
}

bool IsGroupCharacter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

bool IsPrefix(std::string_view pattern) { return pattern.ends_with('*'); }

}  // namespace

absl::Status ValidateDestination(std::string_view destination) {
  SLUICE_RETURN_IF_ERROR(ValidateChannelName("destination", destination));
  if (HasEmptyToken(destination)) {
    return absl::InvalidArgumentError("destination: nothing before, between or behind a dot");
  }
  return absl::OkStatus();
}

absl::Status ValidateClientMessage(const ClientMessage& message) {
  SLUICE_RETURN_IF_ERROR(ValidateChannelName("user_id", message.user_id));
  if (message.connection.size() > kMaxConnectionBytes) {
    return absl::InvalidArgumentError("connection: at most 256 bytes");
  }
  return ValidateDestination(message.destination);
}

absl::Status ValidateReceiver(const ReceiverOptions& options) {
  if (options.group.empty() || options.group.size() > kMaxGroupBytes ||
      !std::all_of(options.group.begin(), options.group.end(), IsGroupCharacter)) {
    return absl::InvalidArgumentError("group: 1-64 of [A-Za-z0-9_-]");
  }
  if (options.window == 0) return absl::InvalidArgumentError("window: at least 1");
  std::string pattern = options.destinations.ToString();
  if (pattern == "*") return absl::OkStatus();
  if (IsPrefix(pattern)) {
    pattern.pop_back();
    if (!pattern.ends_with('.')) {
      return absl::InvalidArgumentError("destinations: a `*` stands alone or behind a dot");
    }
    pattern.pop_back();
  }
  return HasEmptyToken(pattern)
             ? absl::InvalidArgumentError("destinations: nothing before, between or behind a dot")
             : absl::OkStatus();
}

bool Overlap(const NamePattern& a, const NamePattern& b) {
  const std::string a_text = a.ToString();
  const std::string b_text = b.ToString();
  if (!IsPrefix(a_text)) return b.Matches(a_text);
  if (!IsPrefix(b_text)) return a.Matches(b_text);
  const std::string_view a_prefix(a_text.data(), a_text.size() - 1);
  const std::string_view b_prefix(b_text.data(), b_text.size() - 1);
  return a_prefix.starts_with(b_prefix) || b_prefix.starts_with(a_prefix);
}

}  // namespace sluice::ingest
