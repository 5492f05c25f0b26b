#include "core/utf8.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace sluice {

size_t Utf8SequenceLength(std::string_view bytes) {
  const auto* p = reinterpret_cast<const uint8_t*>(bytes.data());
  const uint8_t lead = p[0];
  if (lead < 0x80) return 1;
  // The second octet's range depends on the first; all later ones are 80..BF.
  size_t length = 0;
  uint8_t low = 0x80;
  uint8_t high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if ((lead & 0xF0) == 0xE0) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return 0;
  }
  if (bytes.size() < length || p[1] < low || p[1] > high) return 0;
  for (size_t i = 2; i < length; ++i) {
    if ((p[i] & 0xC0) != 0x80) return 0;
  }
  return length;
}

bool IsValidUtf8(std::string_view bytes) {
  constexpr uint64_t kNotAscii = 0x8080808080808080u;
  while (!bytes.empty()) {
    uint64_t word = 0;
    while (bytes.size() >= sizeof(word) &&
           (std::memcpy(&word, bytes.data(), sizeof(word)), (word & kNotAscii) == 0)) {
      bytes.remove_prefix(sizeof(word));
    }
    if (bytes.empty()) break;
    const size_t length = Utf8SequenceLength(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

bool HasControlCharacter(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto octet = static_cast<uint8_t>(text[i]);
    if (octet < 0x20 || octet == 0x7F) return true;
    // U+0080-009F are C2 80 .. C2 9F.
    if (octet == 0xC2 && i + 1 < text.size() && static_cast<uint8_t>(text[i + 1]) < 0xA0) {
      return true;
    }
  }
  return false;
}

}  // namespace sluice
