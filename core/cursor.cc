#include "core/cursor.h"

#include <algorithm>
#include <charconv>

namespace sluice {
namespace {

bool IsEpochCharacter(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); }

}  // namespace

std::optional<Epoch> Epoch::Parse(std::string_view text) {
  if (text.empty() || text.size() > kMaxLength) return std::nullopt;
  if (!std::all_of(text.begin(), text.end(), IsEpochCharacter)) return std::nullopt;
  return Epoch(std::string(text));
}

Epoch Epoch::FromNumber(uint64_t number) {
  char buffer[kMaxLength];  // 2^64 - 1 has 13 digits in base 36
  const auto result = std::to_chars(buffer, buffer + sizeof(buffer), number, 36);
  return Epoch(std::string(buffer, result.ptr));
}

std::optional<Cursor> Cursor::Parse(std::string_view text) {
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  std::optional<Epoch> epoch = Epoch::Parse(text.substr(0, dash));
  if (!epoch) return std::nullopt;

  const std::string_view digits = text.substr(dash + 1);
  if (digits.empty() || (digits.size() > 1 && digits[0] == '0')) return std::nullopt;
  uint64_t sequence = 0;
  const auto result = std::from_chars(digits.begin(), digits.end(), sequence);
  if (result.ec != std::errc() || result.ptr != digits.end()) return std::nullopt;
  return Cursor{*std::move(epoch), sequence};
}

std::string Cursor::ToString() const { return epoch.text() + '-' + std::to_string(sequence); }

}  // namespace sluice
