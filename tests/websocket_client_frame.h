#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

// A frame as a client sends it: masked, with a mask that moves every octet. `first`: its first
// octet. Independent of the edge's codec on purpose. Source: RFC 6455 section 5.2.
inline std::string ClientFrame(uint8_t first, std::string_view payload) {
  constexpr std::string_view kMask = "\x37\xfa\x21\x3d";
  std::string frame(1, static_cast<char>(first));
  const size_t size = payload.size();
  const auto append_length = [&](int octets) {
    for (int i = octets - 1; i >= 0; --i) frame += static_cast<char>(size >> (8 * i) & 0xff);
  };
  if (size < 126) {
    frame += static_cast<char>(0x80 | size);
  } else if (size <= 0xffff) {
    frame += '\xfe';
    append_length(2);
  } else {
    frame += '\xff';
    append_length(8);
  }
  frame += kMask;
  for (size_t i = 0; i < size; ++i) frame += static_cast<char>(payload[i] ^ kMask[i % 4]);
  return frame;
}

}  // namespace sluice
