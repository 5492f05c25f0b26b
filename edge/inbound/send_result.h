#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

namespace sluice::edge {

// What became of a message of a client: the metric label `result`, and but for kOk the `code` of
// an error in sluice.v1.json.
enum class SendResult : uint8_t {
  kOk,
  kBadRequest,
  kForbidden,
  kNotFound,
  kOverloaded,
  kUnavailable,
};
inline constexpr size_t kSendResults = 6;
inline constexpr std::array<std::string_view, kSendResults> kSendResultLabels = {
    "ok", "bad_request", "forbidden", "not_found", "overloaded", "unavailable"};

// Of what MessageRouter::Send answers. Thread: any.
SendResult SendResultOf(const absl::Status& status);

}  // namespace sluice::edge
