#include "gateway/receive_request.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gateway/rpc_status.h"

namespace sluice::gateway {
namespace {

absl::Status WrongDestination() {
  return FieldViolation(
      "open.destination",
      "open.destination must be a name, its beginning up to a dot and `*`, or `*`");
}

}  // namespace

absl::StatusOr<ingest::ReceiverOptions> ReceiverOptionsOf(const v1::ReceiveRequest& request) {
  if (!request.has_open()) return FieldViolation("open", "the first request must open");
  const v1::ReceiveOpen& open = request.open();
  absl::StatusOr<NamePattern> destinations = NamePattern::Parse(open.destination());
  if (!destinations.ok()) return WrongDestination();
  if (!ingest::ValidateReceiver({.group = open.group()}).ok()) {
    return FieldViolation("open.group",
                          "open.group must be 1 to 64 characters of A-Z, a-z, 0-9, `-` and `_`");
  }
  if (open.window() > kMaxReceiveWindow) {
    return FieldViolation("open.window", absl::StrCat("open.window must be at most ",
                                                      kMaxReceiveWindow, ", got ", open.window()));
  }
  ingest::ReceiverOptions options;
  options.destinations = *std::move(destinations);
  options.group = open.group();
  if (open.window() != 0) options.window = open.window();
  if (!ingest::ValidateReceiver(options).ok()) return WrongDestination();
  return options;
}

std::string ReceiveResponseOf(const ingest::ClientDelivery& delivery) {
  const ingest::ClientMessage& message = delivery.message;
  v1::ReceiveResponse response;
  response.set_id(delivery.id);
  response.set_user_id(message.user_id);
  response.set_destination(message.destination);
  response.set_data(message.data);
  response.set_time(
      std::chrono::duration_cast<std::chrono::milliseconds>(message.time.time_since_epoch())
          .count());
  response.set_connection(message.connection);
  response.set_attempt(delivery.attempt);
  return response.SerializeAsString();
}

}  // namespace sluice::gateway
