// Whatever a client sends, in whatever pieces: the same frames, or the same complaint; nothing is
// larger than it may be, and what the server writes of it can be read back.
// The first octet is the size of the pieces, the second the version.
#include <algorithm>
#include <string>

#include "core/check.h"
#include "edge/stomp/stomp_codec.h"
#include "edge/stomp/stomp_destination.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

using sluice::edge::StompFrame;
using sluice::edge::StompReader;
using sluice::edge::StompVersion;

constexpr StompReader::Limits kLimits{.head_bytes = 1024, .headers = 8, .body_bytes = 2048};

// Every frame and the complaint, in one text.
std::string Hear(std::string_view octets, size_t step, StompVersion version) {
  StompReader reader(kLimits);
  reader.set_version(version);
  std::string heard;
  const auto on_frame = [&heard](const StompFrame& frame) {
    SLUICE_CHECK(frame.headers.size() <= kLimits.headers);
    SLUICE_CHECK(frame.body.size() <= kLimits.body_bytes);
    heard += frame.command + '\n';
    for (const auto& [name, value] : frame.headers) heard += name + ':' + value + '\n';
    heard += frame.body + '\n';
    sluice::edge::StompDestination::Parse(frame.Value("destination"));
    return true;
  };
  while (!octets.empty()) {
    const auto piece = octets.substr(0, step);
    octets.remove_prefix(piece.size());
    if (const auto error = reader.Feed(piece, on_frame)) return heard + '!' + *error;
  }
  return heard;
}

void CheckReadBack(const std::string& text) {
  const std::string value = text.substr(0, std::min<size_t>(text.size(), 100));
  if (value.find('\0') != std::string::npos) return;
  StompReader reader(kLimits);
  reader.set_version(StompVersion::k12);
  bool is_read = false;
  const auto error = reader.Feed(
      sluice::edge::StompServerFrame("ERROR", {{"message", value}}, text.substr(0, 2048)),
      [&](const StompFrame& frame) {
        is_read = frame.Value("message") == value && frame.body == text.substr(0, 2048);
        return true;
      });
  SLUICE_CHECK(!error && is_read);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 3) return 0;
  const std::string octets(sluice::AsText(data + 2, size - 2));
  const auto version = static_cast<StompVersion>(data[1] % 3);
  SLUICE_CHECK(Hear(octets, octets.size(), version) == Hear(octets, 1 + data[0] % 16, version));
  CheckReadBack(octets);
  return 0;
}
