#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::edge {

// What a session speaks; the metric label `protocol`.
enum class Protocol : uint8_t { kSse, kWebSocket, kStomp };
inline constexpr size_t kProtocols = 3;
inline constexpr std::array<std::string_view, kProtocols> kProtocolLabels = {"sse", "websocket",
                                                                             "stomp"};

}  // namespace sluice::edge
