// Whatever comes in place of what gateways and edges say about presence is read as it was written,
// or not at all.
#include "ingest/presence_message.h"

#include "core/check.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice::ingest;
  const std::string_view text = sluice::AsText(data, size);
  if (const auto question = PresenceQuestion::FromJson(text)) {
    const auto again = PresenceQuestion::FromJson(question->ToJson());
    SLUICE_CHECK(again.has_value() && again->users == question->users);
  }
  if (const auto counts = EdgeCounts::FromJson(text)) {
    const auto again = EdgeCounts::FromJson(counts->ToJson());
    SLUICE_CHECK(again.has_value() && again->edge == counts->edge);
    SLUICE_CHECK(again->sessions == counts->sessions);
  }
  if (const auto beacon = EdgeBeacon::FromJson(text)) {
    SLUICE_CHECK(!beacon->edge.empty() && beacon->edge.size() <= 32);
    const auto again = EdgeBeacon::FromJson(beacon->ToJson());
    SLUICE_CHECK(again.has_value() && again->leaves == beacon->leaves);
  }
  return 0;
}
