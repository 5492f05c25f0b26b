#include "app/demo/system_event.h"

#include <chrono>
#include <vector>

#include "absl/strings/str_format.h"

namespace sluice::demo {
namespace {

std::string JoinPercent(const std::vector<double>& cores) {
  std::string text;
  for (double percent : cores) {
    if (!text.empty()) text += ',';
    absl::StrAppendFormat(&text, "%.1f", percent);
  }
  return text;
}

}  // namespace

std::string FormatSystemEvent(WallTime now, const MachineFigures& machine,
                              const TrafficFigures& traffic) {
  using Milliseconds = std::chrono::duration<double, std::milli>;
  std::string json = absl::StrFormat(R"({"time_ms":%.3f,"cpu_percent":[%s])",
                                     Milliseconds(now.time_since_epoch()).count(),
                                     JoinPercent(machine.cpu_percent));
  absl::StrAppendFormat(&json, R"(,"memory_bytes":{"total":%d,"used":%d,"cache":%d})",
                        machine.memory.total_bytes, machine.memory.used_bytes,
                        machine.memory.cache_bytes);
  absl::StrAppendFormat(
      &json, R"(,"network_bytes_per_second":{"received":%.0f,"sent":%.0f,"loopback":%.0f})",
      machine.received_bytes_per_second, machine.sent_bytes_per_second,
      machine.loopback_bytes_per_second);
  absl::StrAppendFormat(&json, R"(,"load":[%.2f,%.2f,%.2f])", machine.load[0], machine.load[1],
                        machine.load[2]);
  absl::StrAppendFormat(
      &json,
      R"(,"sluice":{"published_per_second":%.1f,"delivered_per_second":%.1f,"sessions":%.0f}})",
      traffic.published_per_second, traffic.delivered_per_second, traffic.sessions);
  return json;
}

}  // namespace sluice::demo
