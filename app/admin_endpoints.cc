#include "app/admin_endpoints.h"

#include <iterator>
#include <utility>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "core/json.h"

namespace sluice::app {

AdminResponse AdminEndpoints::Respond(std::string_view method, std::string_view target) const {
  const std::string_view path = target.substr(0, target.find('?'));
  const bool is_known = path == "/livez" || path == "/readyz" || path == "/metrics";
  if (!is_known) {
    return {404, "application/json",
            R"({"error":{"code":"not_found","message":"try /livez, /readyz or /metrics"}})"};
  }
  if (method != "GET" && method != "HEAD") {
    return {405, "application/json",
            R"({"error":{"code":"method_not_allowed","message":"only GET and HEAD"}})"};
  }
  if (path == "/metrics") return Metrics();
  return Health(path == "/livez" ? parts_.live : parts_.ready);
}

AdminResponse AdminEndpoints::Health(const std::vector<Probe>& probes) const {
  std::string waiting_for;
  for (const Probe& probe : probes) {
    if (probe.passes()) continue;
    if (!waiting_for.empty()) waiting_for += ',';
    AppendJsonString(probe.name, &waiting_for);
  }
  if (waiting_for.empty()) return {200, "application/json", "{\"status\":\"ok\"}\n"};
  return {503, "application/json",
          "{\"status\":\"waiting\",\"waiting_for\":[" + waiting_for + "]}\n"};
}

AdminResponse AdminEndpoints::Metrics() const {
  std::vector<prometheus::MetricFamily> families;
  for (const prometheus::Collectable* collectable : parts_.metrics) {
    std::vector<prometheus::MetricFamily> part = collectable->Collect();
    families.insert(families.end(), std::make_move_iterator(part.begin()),
                    std::make_move_iterator(part.end()));
  }
  return {200, "text/plain; version=0.0.4; charset=utf-8",
          prometheus::TextSerializer().Serialize(families)};
}

}  // namespace sluice::app
