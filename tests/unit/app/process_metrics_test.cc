#include "app/process_metrics.h"

#include <fcntl.h>
#include <unistd.h>

#include <map>
#include <string>

#include <gtest/gtest.h>
#include <prometheus/metric_family.h>

#include "tests/fake_clock.h"

namespace sluice::app {
namespace {

std::map<std::string, double> Values(const ProcessMetrics& metrics) {
  std::map<std::string, double> values;
  for (const prometheus::MetricFamily& family : metrics.Collect()) {
    const prometheus::ClientMetric& metric = family.metric.at(0);
    values[family.name] =
        family.type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value;
  }
  return values;
}

TEST(ProcessMetricsTest, SaysWhatTheProcessUses) {
  FakeClock clock;
  const ProcessMetrics metrics(clock);
  std::map<std::string, double> values = Values(metrics);
  EXPECT_EQ(values.size(), 7u);
  EXPECT_EQ(values["sluice_build_info"], 1);
  EXPECT_EQ(values["process_start_time_seconds"], 1'709'210'096);
  EXPECT_GE(values["process_cpu_seconds_total"], 0);
  EXPECT_GT(values["process_resident_memory_bytes"], 1'000'000);
  EXPECT_GT(values["process_virtual_memory_bytes"], values["process_resident_memory_bytes"]);
  EXPECT_GE(values["process_max_fds"], values["process_open_fds"]);
}

TEST(ProcessMetricsTest, CountsDescriptorsAsTheyComeAndGo) {
  const ProcessMetrics metrics;
  const double before = Values(metrics)["process_open_fds"];
  const int descriptor = open("/dev/null", O_RDONLY);
  EXPECT_EQ(Values(metrics)["process_open_fds"], before + 1);
  close(descriptor);
  EXPECT_EQ(Values(metrics)["process_open_fds"], before);
}

}  // namespace
}  // namespace sluice::app
