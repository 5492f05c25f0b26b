// A subject that has a channel is the only one for that channel, and every name has a subject.
#include "ingest/event_subject.h"

#include <string>

#include "core/check.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const sluice::ingest::EventSubject subject("ns");
  const std::string_view text = sluice::AsText(data, size);
  if (const auto channel = subject.Decode(text)) {
    SLUICE_CHECK(subject.Encode(channel->view()) == text);
  }
  const std::string token = sluice::ingest::EncodeToken(text);
  SLUICE_CHECK(token.find_first_of(std::string_view("*>. \t\r\n\0", 8)) == std::string::npos);
  const auto name = sluice::ingest::DecodeToken(token);
  SLUICE_CHECK(text.empty() ? !name.has_value() : name == text);
  return 0;
}
