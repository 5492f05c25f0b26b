#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::bench {

// One frame of SockJS 0.3, as a client reads it; independent of the edge's codec on purpose.
struct SockJsFrame {
  enum class Kind : uint8_t { kOpen, kHeartbeat, kMessages, kClose };

  Kind kind = Kind::kOpen;
  std::vector<std::string> messages = {};  // kMessages

  // nullopt: it is none.
  static std::optional<SockJsFrame> Read(std::string_view text);
};

// What a client sends: its messages as a JSON array of strings.
std::string SockJsBody(const std::vector<std::string>& messages);

}  // namespace sluice::bench
