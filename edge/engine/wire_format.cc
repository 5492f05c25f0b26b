#include "edge/engine/wire_format.h"

#include "edge/sse/sse_codec.h"
#include "edge/stomp/stomp_codec.h"
#include "edge/websocket/json_codec.h"

namespace sluice::edge {

std::string_view EncodeEvent(WireFormat format, const Epoch& epoch, const Event& event,
                             OctetMemory memory) {
  switch (format) {
    case WireFormat::kSse:
      return EncodeSseEvent(epoch, event, memory);
    case WireFormat::kWebSocketJson:
      return EncodeJsonEvent(epoch, event, memory);
    case WireFormat::kStomp:
      return EncodeStompEvent(epoch, event, memory);
  }
  return {};
}

}  // namespace sluice::edge
