#include "gateway/message.h"

#include <string>

#include "gateway/rpc_status.h"

namespace sluice::gateway {

MessageBytes::MessageBytes(const grpc::ByteBuffer& buffer) {
  if (buffer.TrySingleSlice(&slice_).ok()) return;
  // Only an unreadable (compressed) buffer fails, and those are refused before they get here.
  if (!buffer.DumpToSingleSlice(&slice_).ok()) slice_ = grpc::Slice();
}

void SetResponse(const ingest::Appended& appended, v1::PublishResponse* response) {
  response->set_event_id(appended.id.ToString());
  response->set_duplicate(appended.duplicate);
}

void SetResult(const Append& append, v1::PublishResult* result) {
  if (append.result.ok()) {
    SetResponse(*append.result, result->mutable_response());
    return;
  }
  const absl::Status& status = append.result.status();
  result->set_code(FailureOf(status).rpc_code);
  result->set_message(std::string(status.message()));
}

}  // namespace sluice::gateway
