#include "tests/faults/event_id.h"

#include <charconv>

namespace sluice::faults {

bool EventId::Read(std::string_view text, EventId* id) {
  constexpr size_t kMaxEpoch = 13;
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos || dash == 0 || dash > kMaxEpoch) return false;
  const std::string_view digits = text.substr(dash + 1);
  uint64_t sequence = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), sequence);
  if (error != std::errc() || end != digits.end()) return false;
  id->epoch.assign(text.substr(0, dash));
  id->sequence = sequence;
  return true;
}

std::string EventId::ToString() const { return epoch + "-" + std::to_string(sequence); }

}  // namespace sluice::faults
