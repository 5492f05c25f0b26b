#pragma once

#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <string_view>

#include "gateway/append.h"
#include "sluice/v1/gateway.pb.h"

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

template <typename Message>
grpc::ByteBuffer Serialize(const Message& message) {
  grpc::ByteBuffer buffer;
  bool own_buffer = false;
  // Fails only for messages that miss required fields, which proto3 has not.
  (void)grpc::SerializationTraits<Message>::Serialize(message, &buffer, &own_buffer);
  return buffer;
}

void SetResponse(const ingest::Appended& appended, v1::PublishResponse* response);
// Thread: that of the append's owner, once it is done.
void SetResult(const Append& append, v1::PublishResult* result);

}  // namespace sluice::gateway
