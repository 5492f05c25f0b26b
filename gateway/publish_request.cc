#include "gateway/publish_request.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "gateway/rpc_status.h"
#include "sluice/v1/gateway.pb.h"

namespace sluice::gateway {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;
using v1::Event;
using v1::PublishBatchRequest;
using v1::PublishRequest;

// Takes the next length-delimited field: string, bytes or message.
bool ReadBytes(CodedInputStream* input, std::string_view* value) {
  uint32_t size = 0;
  if (!input->ReadVarint32(&size)) return false;
  if (size == 0) {
    *value = {};
    return true;
  }
  const void* data = nullptr;
  int available = 0;
  if (!input->GetDirectBufferPointer(&data, &available)) return false;
  if (size > static_cast<uint32_t>(available)) return false;
  *value = {static_cast<const char*>(data), size};
  return input->Skip(static_cast<int>(size));
}

// Calls `take(field, value)` for every length-delimited field of the message, until it returns
// false; skips fields of any other wire type. False if the bytes are no message or `take` said so.
template <typename Take>
bool ForEachField(std::string_view message, const Take& take) {
  CodedInputStream input(reinterpret_cast<const uint8_t*>(message.data()),
                         static_cast<int>(message.size()));
  while (const uint32_t tag = input.ReadTag()) {
    if (WireFormatLite::GetTagFieldNumber(tag) == 0) return false;
    if (WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      if (!WireFormatLite::SkipField(&input, tag)) return false;
      continue;
    }
    std::string_view value;
    if (!ReadBytes(&input, &value) || !take(WireFormatLite::GetTagFieldNumber(tag), value)) {
      return false;
    }
  }
  return input.ConsumedEntireMessage();
}

bool DecodeEvent(std::string_view bytes, PublishRequestView* request) {
  return ForEachField(bytes, [request](int field, std::string_view value) {
    switch (field) {
      case Event::kTypeFieldNumber:
        request->type = value;
        break;
      case Event::kDataFieldNumber:
        request->data = value;
        break;
      case Event::kIdempotencyKeyFieldNumber:
        request->idempotency_key = value;
        break;
      default:
        break;
    }
    return true;
  });
}

}  // namespace

absl::Status DecodePublishRequest(std::string_view bytes, PublishRequestView* request) {
  const bool decoded = ForEachField(bytes, [request](int field, std::string_view value) {
    switch (field) {
      case PublishRequest::kUserIdFieldNumber:
        request->target = PublishRequestView::Target::kUser;
        request->target_name = value;
        break;
      case PublishRequest::kTopicFieldNumber:
        request->target = PublishRequestView::Target::kTopic;
        request->target_name = value;
        break;
      case PublishRequest::kEventFieldNumber:
        request->has_event = true;
        return DecodeEvent(value, request);
      default:
        break;
    }
    return true;
  });
  if (decoded) return absl::OkStatus();
  return absl::InvalidArgumentError("the bytes are not a sluice.v1.PublishRequest");
}

absl::Status DecodePublishBatchRequest(std::string_view bytes, size_t max_requests,
                                       std::vector<std::string_view>* requests) {
  bool too_many = false;
  const bool decoded = ForEachField(bytes, [&](int field, std::string_view value) {
    if (field != PublishBatchRequest::kRequestsFieldNumber) return true;
    too_many = requests->size() == max_requests;
    if (!too_many) requests->push_back(value);
    return !too_many;
  });
  if (too_many) {
    return FieldViolation("requests", absl::StrCat("requests must be at most ", max_requests));
  }
  if (decoded) return absl::OkStatus();
  return absl::InvalidArgumentError("the bytes are not a sluice.v1.PublishBatchRequest");
}

}  // namespace sluice::gateway
