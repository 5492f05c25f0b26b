#include "edge/websocket/utf8_validator.h"

#include <cstring>

namespace sluice::edge {
namespace {

constexpr uint64_t kHighBits = 0x8080808080808080;

// How many octets at the front are ASCII, in steps of eight.
size_t AsciiPrefix(std::string_view octets) {
  size_t size = 0;
  for (uint64_t eight = 0; size + sizeof(eight) <= octets.size(); size += sizeof(eight)) {
    std::memcpy(&eight, octets.data() + size, sizeof(eight));
    if ((eight & kHighBits) != 0) break;
  }
  return size;
}

}  // namespace

bool Utf8Validator::Feed(std::string_view octets) {
  while (!octets.empty()) {
    if (missing_ == 0) octets.remove_prefix(AsciiPrefix(octets));
    if (octets.empty()) break;
    const auto octet = static_cast<uint8_t>(octets.front());
    octets.remove_prefix(1);
    if (missing_ == 0) {
      if (!Begin(octet)) return false;
      continue;
    }
    if (octet < least_ || octet > most_) return false;
    least_ = 0x80;
    most_ = 0xbf;
    --missing_;
  }
  return true;
}

bool Utf8Validator::Begin(uint8_t octet) {
  if (octet < 0x80) return true;
  if (octet < 0xc2 || octet > 0xf4) return false;
  missing_ = octet < 0xe0 ? 1 : octet < 0xf0 ? 2 : 3;
  if (octet == 0xe0) least_ = 0xa0;
  if (octet == 0xed) most_ = 0x9f;
  if (octet == 0xf0) least_ = 0x90;
  if (octet == 0xf4) most_ = 0x8f;
  return true;
}

}  // namespace sluice::edge
