#include "core/event.h"

#include <cstring>
#include <limits>

#include "core/check.h"

namespace sluice {

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
