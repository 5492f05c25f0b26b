// Whatever a client sends to SockJS: strings of UTF-8 or an error, and strings come back from how
// SockJS writes them. What edges ask of each other means the same when it is written again.
#include <string>

#include "core/check.h"
#include "core/utf8.h"
#include "edge/sockjs/sockjs_codec.h"
#include "edge/sockjs/sockjs_path.h"
#include "edge/sockjs/sockjs_request.h"
#include "tests/fuzz/fuzz_target.h"

using sluice::edge::ParseSockJsMessages;
using sluice::edge::SockJsAnswer;
using sluice::edge::SockJsMessageFrame;
using sluice::edge::SockJsRequest;
using sluice::edge::SockJsTarget;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = sluice::AsText(data, size);
  const auto parsed = ParseSockJsMessages(text);
  SLUICE_CHECK(parsed.error.empty() || parsed.messages.empty());
  if (!parsed.messages.empty()) {
    SockJsMessageFrame frame;
    for (const std::string& message : parsed.messages) {
      SLUICE_CHECK(sluice::IsValidUtf8(message));
      frame.Add(message);
    }
    const std::string octets = frame.Take();
    const auto again = ParseSockJsMessages(std::string_view(octets).substr(1));
    SLUICE_CHECK(again.messages == parsed.messages);
  }
  if (const auto target = SockJsTarget::Parse(text)) {
    SLUICE_CHECK(target->session.size() <= 64);
    SLUICE_CHECK(target->session.find_first_of("./") == std::string::npos);
  }
  if (const auto request = SockJsRequest::FromText("s", text)) {
    const auto again = SockJsRequest::FromText("s", request->ToText());
    SLUICE_CHECK(again.has_value() && again->ToText() == request->ToText());
  }
  if (const auto answer = SockJsAnswer::FromText(text)) {
    SLUICE_CHECK(answer->ToText() == text);
  }
  return 0;
}
