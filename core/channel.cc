#include "core/channel.h"

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "core/utf8.h"

namespace sluice {

ChannelView::ChannelView(ChannelKind channel_kind, std::string_view channel_name)
    : kind(channel_kind),
      name(channel_name),
      hash(absl::HashOf(static_cast<uint8_t>(channel_kind),
                        absl::string_view(channel_name.data(), channel_name.size()))) {}

absl::Status ValidateChannelName(std::string_view field, std::string_view name) {
  const absl::string_view field_name(field.data(), field.size());
  if (name.empty() || name.size() > kMaxChannelNameBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        field_name, " must be 1 to ", kMaxChannelNameBytes, " bytes, got ", name.size()));
  }
  if (!IsValidUtf8(name)) {
    return absl::InvalidArgumentError(absl::StrCat(field_name, " must be valid UTF-8"));
  }
  if (HasControlCharacter(name)) {
    return absl::InvalidArgumentError(
        absl::StrCat(field_name, " must not contain control characters"));
  }
  return absl::OkStatus();
}

}  // namespace sluice
