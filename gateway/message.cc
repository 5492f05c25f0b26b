#include "gateway/message.h"

#include <string>

#include "gateway/rpc_status.h"
#include "sluice/v1/gateway.pb.h"

namespace sluice::gateway {
namespace {

using v1::PublishBatchResponse;
using v1::PublishResponse;
using v1::PublishResult;
using v1::PublishStreamResponse;

constexpr int kResult = 1;  // the field of a result in both messages that hold one

// What stands before a length-delimited field. Source: Protocol Buffers "Encoding".
void WriteHead(int field, size_t size, std::string* out) {
  constexpr int kLengthDelimited = 2;
  *out += static_cast<char>(field << 3 | kLengthDelimited);
  for (; size >= 0x80; size >>= 7) *out += static_cast<char>(size | 0x80);
  *out += static_cast<char>(size);
}

}  // namespace

MessageBytes::MessageBytes(const grpc::ByteBuffer& buffer) {
  if (buffer.TrySingleSlice(&slice_).ok()) return;
  // Only an unreadable (compressed) buffer fails, and those are refused before they get here.
  if (!buffer.DumpToSingleSlice(&slice_).ok()) slice_ = grpc::Slice();
}

grpc::ByteBuffer ToBuffer(std::string_view message) {
  const grpc::Slice slice(message.data(), message.size());
  return grpc::ByteBuffer(&slice, 1);
}

void WriteResponse(const ingest::Appended& appended, std::string* out) {
  const std::string id = appended.id.ToString();
  WriteHead(PublishResponse::kEventIdFieldNumber, id.size(), out);
  *out += id;
  if (appended.duplicate) *out += {PublishResponse::kDuplicateFieldNumber << 3, '\1'};
}

void WriteResult(const Append& append, std::string* out) {
  static_assert(PublishStreamResponse::kResultFieldNumber == kResult);
  static_assert(PublishBatchResponse::kResultsFieldNumber == kResult);
  if (append.result.ok()) {
    std::string response;
    WriteResponse(*append.result, &response);
    WriteHead(kResult, response.size() + 2, out);  // and a head of two octets
    WriteHead(PublishResult::kResponseFieldNumber, response.size(), out);
    *out += response;
    return;
  }
  const absl::Status& status = append.result.status();
  PublishResult result;
  result.set_code(FailureOf(status).rpc_code);
  result.set_message(std::string(status.message()));
  const std::string bytes = result.SerializeAsString();
  WriteHead(kResult, bytes.size(), out);
  *out += bytes;
}

}  // namespace sluice::gateway
