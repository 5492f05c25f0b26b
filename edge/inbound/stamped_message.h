#pragma once

#include <string>
#include <string_view>

#include "core/event.h"

namespace sluice::edge {

// The data of the event that a route makes of a client's message:
//   {"sender":"alice","time":1790000000000,"data":...}
// `time` in milliseconds since 1970; `data` as the client sent it if that is JSON that nests no
// deeper than 32 levels, else as a string. Source: docs/protocol.md, "Routes". Thread: any.
std::string StampedMessage(std::string_view sender, WallTime time, std::string_view data);

}  // namespace sluice::edge
