#include "edge/engine/wire_format.h"

#include "edge/sse/sse_codec.h"

namespace sluice::edge {

Frame* EncodeEvent(WireFormat format, const Epoch& epoch, const Event& event) {
  switch (format) {
    case WireFormat::kSse:
      return EncodeSseEvent(epoch, event);
  }
  return nullptr;
}

}  // namespace sluice::edge
