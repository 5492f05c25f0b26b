#include "gateway/receive_counters.h"

#include <cstdint>
#include <string>

#include "core/metric_family.h"

namespace sluice::gateway {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

using Threads = std::vector<const ReceiveCounters*>;

double Sum(const Threads& threads, Counter ReceiveCounters::*member) {
  uint64_t sum = 0;
  for (const ReceiveCounters* thread : threads) sum += (thread->*member).value();
  return static_cast<double>(sum);
}

MetricFamily Single(const Threads& threads, MetricType type, const std::string& name,
                    const std::string& help, Counter ReceiveCounters::*member) {
  return SingleMetric(type, "sluice_gateway_" + name, help, Sum(threads, member));
}

MetricFamily Outcomes(const Threads& threads) {
  using C = ReceiveCounters;
  MetricFamily family{"sluice_gateway_client_messages_settled_total",
                      "Messages of clients that backends took, rejected or discarded, or that went "
                      "back for want of memory.",
                      MetricType::Counter,
                      {}};
  const std::pair<const char*, Counter C::*> rows[] = {{"acknowledged", &C::acknowledged},
                                                       {"rejected", &C::rejected},
                                                       {"discarded", &C::discarded},
                                                       {"returned", &C::returned}};
  for (const auto& [result, member] : rows) {
    family.metric.push_back(MetricSample(family.type, Sum(threads, member), {{"result", result}}));
  }
  return family;
}

}  // namespace

std::vector<MetricFamily> CollectReceiveMetrics(const Threads& threads) {
  using C = ReceiveCounters;
  return {
      Single(threads, MetricType::Gauge, "receivers", "Open calls of Receive.", &C::receivers),
      Single(threads, MetricType::Counter, "client_messages_delivered_total",
             "Messages of clients handed to backends, redelivered ones included.", &C::delivered),
      Single(threads, MetricType::Counter, "client_messages_redelivered_total",
             "Messages of clients handed to backends not for the first time.", &C::redelivered),
      Outcomes(threads)};
}

}  // namespace sluice::gateway
