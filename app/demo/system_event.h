#pragma once

#include <string>

#include "app/demo/machine_sampler.h"
#include "app/demo/traffic_sampler.h"
#include "core/clock.h"

namespace sluice::demo {

inline constexpr char kSystemTopic[] = "demo.system";
inline constexpr char kSystemEventType[] = "system";

// The data of one `system` event, as the page reads it: one line of JSON. Thread: any.
std::string FormatSystemEvent(WallTime now, const MachineFigures& machine,
                              const TrafficFigures& traffic);

}  // namespace sluice::demo
