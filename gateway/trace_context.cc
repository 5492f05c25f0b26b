#include "gateway/trace_context.h"

#include <algorithm>

namespace sluice::gateway {
namespace {

constexpr size_t kTraceIdAt = 3;
constexpr size_t kTraceIdDigits = 32;
constexpr size_t kParentIdAt = 36;
constexpr size_t kParentIdDigits = 16;
constexpr size_t kFlagsAt = 53;
constexpr size_t kLength = 55;

bool IsHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsZero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

}  // namespace

bool IsTraceParent(std::string_view text) {
  if (text.size() != kLength || text[2] != '-' || text[kParentIdAt - 1] != '-' ||
      text[kFlagsAt - 1] != '-') {
    return false;
  }
  const std::string_view version = text.substr(0, 2);
  const std::string_view trace_id = text.substr(kTraceIdAt, kTraceIdDigits);
  const std::string_view parent_id = text.substr(kParentIdAt, kParentIdDigits);
  return IsHex(version) && version != "ff" && IsHex(trace_id) && !IsZero(trace_id) &&
         IsHex(parent_id) && !IsZero(parent_id) && IsHex(text.substr(kFlagsAt));
}

std::string_view TraceIdOf(std::string_view traceparent) {
  return traceparent.substr(kTraceIdAt, kTraceIdDigits);
}

std::string_view TraceParentOf(const grpc::ServerContext& context) {
  const auto found = context.client_metadata().find("traceparent");
  if (found == context.client_metadata().end()) return {};
  const std::string_view text(found->second.data(), found->second.size());
  return IsTraceParent(text) ? text : std::string_view();
}

}  // namespace sluice::gateway
