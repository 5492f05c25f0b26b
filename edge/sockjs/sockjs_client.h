#pragma once

#include <string_view>

namespace sluice::edge {

// The name under /v1/sockjs of the browser's side of SockJS; another version is another name.
inline constexpr std::string_view kSockJsClientName = "sockjs-1.6.1.min.js";

// sockjs-client, as client/sockjs.min.js was when the binary was built. Defined in a source that
// embed_client.cmake writes. Thread: any (constant).
std::string_view SockJsClientScript();

}  // namespace sluice::edge
