#include "gateway/validation.h"

#include <string_view>

#include "absl/strings/str_cat.h"
#include "core/channel.h"
#include "core/event.h"
#include "core/status.h"
#include "core/utf8.h"
#include "gateway/rpc_status.h"

namespace sluice::gateway {
namespace {

absl::Status ValidateTarget(const PublishRequestView& request) {
  if (request.target == PublishRequestView::Target::kNone) {
    return FieldViolation("target", "target must be set: user_id or topic");
  }
  const std::string_view field =
      request.target == PublishRequestView::Target::kUser ? "user_id" : "topic";
  const absl::Status status = ValidateChannelName(field, request.target_name);
  return status.ok() ? status : FieldViolation(field, status.message());
}

absl::Status ValidateType(std::string_view type) {
  constexpr std::string_view kField = "event.type";
  const absl::Status status = ValidateEventType(kField, type);
  return status.ok() ? status : FieldViolation(kField, status.message());
}

absl::Status ValidateData(std::string_view data, uint32_t max_event_bytes) {
  if (data.size() > max_event_bytes) {
    return FieldViolation("event.data", absl::StrCat("event.data must be at most ", max_event_bytes,
                                                     " bytes, got ", data.size()));
  }
  if (!IsValidUtf8(data)) {
    return FieldViolation("event.data", "event.data must be valid UTF-8");
  }
  return absl::OkStatus();
}

absl::Status ValidateIdempotencyKey(std::string_view key) {
  constexpr std::string_view kField = "event.idempotency_key";
  if (key.size() > kMaxIdempotencyKeyBytes) {
    return FieldViolation(
        kField, absl::StrCat("event.idempotency_key must be at most ", kMaxIdempotencyKeyBytes,
                             " bytes, got ", key.size()));
  }
  if (!IsValidUtf8(key)) {
    return FieldViolation(kField, "event.idempotency_key must be valid UTF-8");
  }
  if (HasControlCharacter(key)) {
    return FieldViolation(kField, "event.idempotency_key must not contain control characters");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidatePublishRequest(const PublishRequestView& request, uint32_t max_event_bytes) {
  SLUICE_RETURN_IF_ERROR(ValidateTarget(request));
  if (!request.has_event) return FieldViolation("event", "event must be set");
  SLUICE_RETURN_IF_ERROR(ValidateType(request.type));
  SLUICE_RETURN_IF_ERROR(ValidateData(request.data, max_event_bytes));
  return ValidateIdempotencyKey(request.idempotency_key);
}

}  // namespace sluice::gateway
