#include "core/event.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "absl/strings/str_cat.h"
#include "core/check.h"
#include "core/utf8.h"

namespace sluice {

absl::Status ValidateEventType(std::string_view field, std::string_view type) {
  constexpr std::array<std::string_view, 3> kReserved = {"connected", "gap", "closing"};
  const absl::string_view field_name(field.data(), field.size());
  const auto refuse = [&](const auto&... why) {
    return absl::InvalidArgumentError(absl::StrCat(field_name, " must ", why...));
  };
  if (type.size() > kMaxEventTypeBytes) {
    return refuse("be at most ", kMaxEventTypeBytes, " bytes, got ", type.size());
  }
  if (!IsValidUtf8(type)) return refuse("be valid UTF-8");
  if (type.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
    return refuse("not contain CR, LF or NUL");
  }
  if (std::ranges::find(kReserved, type) != kReserved.end()) {
    return refuse("not be connected, gap or closing");
  }
  return absl::OkStatus();
}

Event::Event(uint64_t sequence, const ChannelView& channel, std::string_view type,
             std::string_view data, Times times)
    : sequence_(sequence),
      channel_hash_(channel.hash),
      times_(times),
      bytes_(new char[channel.name.size() + type.size() + data.size()]),
      data_bytes_(static_cast<uint32_t>(data.size())),
      name_bytes_(static_cast<uint16_t>(channel.name.size())),
      type_bytes_(static_cast<uint8_t>(type.size())),
      kind_(channel.kind) {
  SLUICE_CHECK(data.size() <= std::numeric_limits<uint32_t>::max());
  SLUICE_CHECK(channel.name.size() <= std::numeric_limits<uint16_t>::max());
  SLUICE_CHECK(type.size() <= std::numeric_limits<uint8_t>::max());
  char* out = bytes_.get();
  for (std::string_view part : {channel.name, type, data}) {
    if (part.empty()) continue;  // memcpy from a null pointer is undefined even for 0 bytes
    std::memcpy(out, part.data(), part.size());
    out += part.size();
  }
}

}  // namespace sluice
