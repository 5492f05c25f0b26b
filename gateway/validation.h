#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "gateway/publish_request.h"

namespace sluice::gateway {

inline constexpr size_t kMaxIdempotencyKeyBytes = 128;

// What a request must keep to be published: a target of a valid name, and an event whose type is
// 0-64 bytes of UTF-8 without CR, LF or NUL and not reserved, whose data is UTF-8 of at most
// `max_event_bytes`, and whose idempotency key is UTF-8 of at most 128 bytes without control
// characters. INVALID_ARGUMENT names the first field that does not, its limit, and carries a
// google.rpc.BadRequest. Thread: any.
absl::Status ValidatePublishRequest(const PublishRequestView& request, uint32_t max_event_bytes);

}  // namespace sluice::gateway
