#pragma once

#include <string_view>

namespace sluice::app {

// Tells systemd (Type=notify) how the process is, e.g. `READY=1` or `STOPPING=1`. Does nothing, and
// says false, if the process was not started that way (NOTIFY_SOCKET) or the message cannot be
// sent. Source: sd_notify(3). Thread: main.
bool NotifyService(std::string_view state);

}  // namespace sluice::app
