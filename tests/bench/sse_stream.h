#pragma once

#include <string_view>

#include "tests/bench/client_stream.h"

namespace sluice::bench {

// Server-Sent Events. Only LF line ends, as the wire promises; a body that is chunked is refused.
class SseStream final : public ClientStream {
 public:
  SseStream() : ClientStream(200) {}

 private:
  bool TakeBlock(std::string_view bytes, StreamBlock* block) override;
};

}  // namespace sluice::bench
