#pragma once

#include <string_view>

#include <grpcpp/server_context.h>

namespace sluice::gateway {

// The `traceparent` of a call's metadata (W3C Trace Context), borrowed from it; empty if there is
// none or it is not well-formed. Thread: any.
std::string_view TraceParentOf(const grpc::ServerContext& context);

// True if `text` may be passed on: `<2 hex>-<32 hex>-<16 hex>-<2 hex>`, lower case, ids not all
// zero.
bool IsTraceParent(std::string_view text);
// The trace id of a well-formed one.
std::string_view TraceIdOf(std::string_view traceparent);

}  // namespace sluice::gateway
