// Whatever comes in place of JetStream's answers, each parser says yes or no.
#include "ingest/jetstream_answer.h"

#include "core/check.h"
#include "ingest/event_stream.h"
#include "ingest/stream_state.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice::ingest;
  const std::string_view text = sluice::AsText(data, size);
  if (const auto answer = ParseAppendAnswer(text); answer.ok()) {
    SLUICE_CHECK(answer->sequence > 0);
  }
  if (const auto position = ParseDeliveryPosition(text)) {
    SLUICE_CHECK(text.find(position->consumer) != std::string_view::npos);
  }
  (void)ParseJetstreamAnswer(text).ok();
  if (const auto state = StreamState::Parse(text); state.ok()) {
    static const EventStream wanted{sluice::LogOptions{}, sluice::NatsOptions{}};
    (void)state->Contradictions(wanted);
    SLUICE_CHECK(state->first_sequence() > 0);
    SLUICE_CHECK(sluice::Epoch::Parse(state->epoch().text()).has_value());
  }
  return 0;
}
