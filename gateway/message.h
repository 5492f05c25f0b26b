#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <string>
#include <string_view>

#include "gateway/append.h"

namespace sluice::gateway {

// Messages between gRPC's buffers and ours. Thread: any.

// The bytes of a received message, in one piece: borrowed from gRPC if they came so.
class MessageBytes final {
 public:
  explicit MessageBytes(const grpc::ByteBuffer& buffer);
  std::string_view view() const {
    return {reinterpret_cast<const char*>(slice_.begin()), slice_.size()};
  }

 private:
  grpc::Slice slice_;
};

// A message to send; copies the bytes.
grpc::ByteBuffer ToBuffer(std::string_view message);

// Answers are written field by field, as they lie on the wire: there is one for each event, and
// building the generated message first would take several allocations each.

// The fields of a sluice.v1.PublishResponse.
void WriteResponse(const ingest::Appended& appended, std::string* out);
// A sluice.v1.PublishResult as field 1 of what holds it, which is a PublishStreamResponse or, one
// behind the other, a PublishBatchResponse. Thread: that of the append's owner, once it is done.
void WriteResult(const Append& append, std::string* out);

}  // namespace sluice::gateway
