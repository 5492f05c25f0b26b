// Whatever a client sends, in whatever pieces: the same messages, or the same code; text is UTF-8,
// nothing is larger than it may be, and what the JSON protocol makes of text is answered as JSON.
// The first octet is the size of the pieces.
#include <span>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "core/check.h"
#include "core/utf8.h"
#include "edge/websocket/frame_codec.h"
#include "edge/websocket/json_codec.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

using sluice::edge::WebSocketMessage;
using sluice::edge::WebSocketOpcode;
using sluice::edge::WebSocketReader;

constexpr uint32_t kMessageBytes = 4096;

// Every message and the code of the error, in one text.
std::string Hear(std::string octets, size_t step) {
  WebSocketReader reader({.message_bytes = kMessageBytes, .fragments = 16});
  std::string heard;
  const auto on_message = [&heard](const WebSocketMessage& message) {
    const bool is_control = (static_cast<uint8_t>(message.opcode) & 8) != 0;
    SLUICE_CHECK(message.data.size() <=
                 (is_control ? sluice::edge::kMaxControlPayload : kMessageBytes));
    if (message.opcode == WebSocketOpcode::kText) {
      SLUICE_CHECK(sluice::IsValidUtf8(message.data));
      const auto parsed = sluice::edge::ParseJsonRequest(message.data);
      const std::string answer = sluice::edge::JsonError(parsed.request.ref, "x", parsed.error);
      boost::json::parse(answer.substr(answer.find('{')));
    }
    heard += static_cast<char>(message.opcode);
    heard += std::to_string(message.close_code.value_or(0)) + ' ';
    heard += message.data;
    return true;
  };
  for (size_t begin = 0; begin < octets.size(); begin += step) {
    const size_t size = std::min(step, octets.size() - begin);
    std::span<char> piece(octets.data() + begin, size);
    if (const auto error = reader.Feed(&piece, on_message)) {
      return heard + '!' + std::to_string(static_cast<int>(error->code));
    }
  }
  return heard;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::string octets(sluice::AsText(data + 1, size - 1));
  SLUICE_CHECK(Hear(octets, octets.size()) == Hear(octets, 1 + data[0] % 16));
  return 0;
}
