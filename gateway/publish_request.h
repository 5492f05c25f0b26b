#pragma once

#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace sluice::gateway {

// A sluice.v1.PublishRequest as it lies on the wire: every field borrows the message's bytes, and
// none is checked. The generated code is not used for requests because it refuses a message whose
// strings are not UTF-8 without saying which, and because it copies every field. Thread: any.
struct PublishRequestView {
  enum class Target { kNone, kUser, kTopic };

  Target target = Target::kNone;
  std::string_view target_name;
  bool has_event = false;
  std::string_view type;
  std::string_view data;
  std::string_view idempotency_key;
};

// Reads one request. As the generated code does, the last target and the last value of a field
// win, events that occur twice are merged and unknown fields are skipped. INVALID_ARGUMENT if the
// bytes are no message. Source: Protocol Buffers "Encoding". Thread: any.
absl::Status DecodePublishRequest(std::string_view bytes, PublishRequestView* request);

// Reads a sluice.v1.PublishBatchRequest into the bytes of its requests. INVALID_ARGUMENT if the
// bytes are no message or if there are more requests than `max_requests`. Thread: any.
absl::Status DecodePublishBatchRequest(std::string_view bytes, size_t max_requests,
                                       std::vector<std::string_view>* requests);

}  // namespace sluice::gateway
