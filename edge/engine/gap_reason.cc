#include "edge/engine/gap_reason.h"

#include <array>

namespace sluice::edge {
namespace {

constexpr std::array<std::string_view, kGapReasons> kNames = {"", "expired", "epoch", "invalid",
                                                              "overflow"};
constexpr size_t kMaxRepeatedCharacters = 64;

}  // namespace

std::string_view GapReasonName(GapReason reason) { return kNames[static_cast<size_t>(reason)]; }

std::string RepeatableCursor(std::string_view presented) {
  std::string text(presented.substr(0, kMaxRepeatedCharacters));
  for (char& c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!plain && c != '-' && c != '_' && c != '.') c = '?';
  }
  return text;
}

}  // namespace sluice::edge
