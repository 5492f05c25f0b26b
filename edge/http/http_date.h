#pragma once

#include <string>

#include "core/event.h"

namespace sluice::edge {

// `time` as a header field has it, "Sun, 06 Nov 1994 08:49:37 GMT".
// Source: RFC 9110 5.6.7. Thread: any.
std::string HttpDate(WallTime time);

}  // namespace sluice::edge
