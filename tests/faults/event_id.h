#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::faults {

// `<epoch>-<sequence>` as docs/protocol.md has it; read here anew, so that a defect of the server's
// own reader cannot hide.
struct EventId {
  std::string epoch;
  uint64_t sequence = 0;

  // False, and `id` unchanged, if `text` is none.
  static bool Read(std::string_view text, EventId* id);
  std::string ToString() const;
};

}  // namespace sluice::faults
