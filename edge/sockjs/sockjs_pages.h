#pragma once

#include "edge/http/request_head.h"
#include "edge/http/route.h"
#include "edge/sockjs/sockjs_path.h"

namespace sluice::edge {

// What SockJS answers without a session: the greeting, /info, the iframe and the script of the
// client. `target`: one of those. Source: sockjs-protocol 0.3.3. Thread: any.
HttpResponse SockJsPage(const SockJsTarget& target, const RequestHead& head);

// The answer to the question whether a page of another origin may ask; it may be kept for a year.
HttpResponse SockJsPreflight(const SockJsTarget& target, const RequestHead& head);

// What xhr_send answers.
HttpResponse SockJsSent();
HttpResponse SockJsNotSent(std::string_view why);

}  // namespace sluice::edge
