#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sse_parser.h"

namespace sluice {

// What a long stream came to, judged as a client would. Source: docs/protocol.md, "SSE".
struct SseTally {
  std::vector<std::string> data;  // of the events, in order; those of before and after a gap
  size_t gaps = 0;
  size_t events_before_gap = 0;
  std::string closing;   // the data of `closing`
  bool ids_rise = true;  // strictly, event by event, across the gap too
};

inline SseTally Tally(std::string_view stream) {
  SseTally tally;
  uint64_t last = 0;
  for (const SseMessage& message : ParseSse(stream)) {
    if (message.type == "closing") {
      tally.closing = message.data;
      continue;
    }
    const uint64_t sequence =
        std::stoull(message.last_event_id.substr(message.last_event_id.find('-') + 1));
    if (message.type == "gap") {
      ++tally.gaps;
      tally.events_before_gap = tally.data.size();
      tally.ids_rise &= sequence >= last;
    } else {
      tally.ids_rise &= sequence > last;
      tally.data.push_back(message.data);
    }
    last = sequence;
  }
  return tally;
}

}  // namespace sluice
