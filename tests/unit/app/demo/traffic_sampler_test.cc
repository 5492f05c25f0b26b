#include "app/demo/traffic_sampler.h"

#include <string>

#include <prometheus/metric_family.h>

#include <gtest/gtest.h>

namespace sluice::demo {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using std::chrono::seconds;

class FakePart final : public prometheus::Collectable {
 public:
  void Counter(std::string name, std::string result, double value) {
    ClientMetric metric;
    if (!result.empty()) metric.label = {{"result", std::move(result)}};
    metric.counter.value = value;
    families_.push_back({std::move(name), "", MetricType::Counter, {metric}});
  }
  void Gauge(std::string name, double value) {
    ClientMetric metric;
    metric.gauge.value = value;
    families_.push_back({std::move(name), "", MetricType::Gauge, {metric}});
  }
  std::vector<MetricFamily> Collect() const override { return families_; }

 private:
  std::vector<MetricFamily> families_;
};

TEST(TrafficSamplerTest, ReadsRatesAndSessionsFromAllParts) {
  FakePart gateway;
  FakePart edge;
  TrafficSampler sampler({&gateway, &edge});
  sampler.Sample(SteadyTime());
  gateway.Counter("sluice_gateway_events_published_total", "ok", 20);
  edge.Counter("sluice_edge_events_delivered_total", "", 60);
  edge.Gauge("sluice_edge_sessions", 3);
  const TrafficFigures figures = sampler.Sample(SteadyTime(seconds(2)));
  EXPECT_DOUBLE_EQ(figures.published_per_second, 10);
  EXPECT_DOUBLE_EQ(figures.delivered_per_second, 30);
  EXPECT_EQ(figures.sessions, 3);
}

TEST(TrafficSamplerTest, WhatTheGatewayRefusedWasNotPublished) {
  FakePart gateway;
  TrafficSampler sampler({&gateway});
  sampler.Sample(SteadyTime());
  gateway.Counter("sluice_gateway_events_published_total", "invalid_argument", 100);
  gateway.Counter("sluice_gateway_events_published_total", "duplicate", 100);
  gateway.Counter("sluice_gateway_events_published_total", "ok", 1);
  EXPECT_DOUBLE_EQ(sampler.Sample(SteadyTime(seconds(1))).published_per_second, 1);
}

TEST(TrafficSamplerTest, WithoutTheseMetricsAllIsZero) {
  FakePart part;
  TrafficSampler sampler({&part});
  EXPECT_EQ(sampler.Sample(SteadyTime()).sessions, 0);
}

}  // namespace
}  // namespace sluice::demo
