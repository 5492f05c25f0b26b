#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "ingest/client_message_queue.h"
#include "sluice/v1/gateway.pb.h"

namespace sluice::gateway {

inline constexpr uint32_t kMaxReceiveWindow = 1'000;

// What the first request of a Receive opens. INVALID_ARGUMENT names the field that is wrong, its
// limit, and carries a google.rpc.BadRequest. Thread: any.
absl::StatusOr<ingest::ReceiverOptions> ReceiverOptionsOf(const v1::ReceiveRequest& request);

// The bytes of a sluice.v1.ReceiveResponse. Thread: any.
std::string ReceiveResponseOf(const ingest::ClientDelivery& delivery);

}  // namespace sluice::gateway
