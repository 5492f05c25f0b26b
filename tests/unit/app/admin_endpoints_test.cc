#include "app/admin_endpoints.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/metric_family.h>

namespace sluice::app {
namespace {

using ::testing::HasSubstr;

class OneGauge final : public prometheus::Collectable {
 public:
  explicit OneGauge(std::string name) : name_(std::move(name)) {}
  std::vector<prometheus::MetricFamily> Collect() const override {
    prometheus::ClientMetric metric;
    metric.gauge.value = 7;
    return {{name_, "Help.", prometheus::MetricType::Gauge, {metric}}};
  }

 private:
  const std::string name_;
};

TEST(AdminEndpointsTest, ReadySaysWhatItWaitsFor) {
  bool is_caught_up = false;
  const AdminEndpoints endpoints(
      {.live = {},
       .ready = {{"edge", [&] { return is_caught_up; }}, {"log \"x\"", [] { return false; }}},
       .metrics = {}});
  const AdminResponse waiting = endpoints.Respond("GET", "/readyz");
  EXPECT_EQ(waiting.status, 503);
  EXPECT_EQ(waiting.body,
            "{\"status\":\"waiting\",\"waiting_for\":[\"edge\",\"log \\\"x\\\"\"]}\n");
  is_caught_up = true;
  EXPECT_EQ(endpoints.Respond("GET", "/readyz").body,
            "{\"status\":\"waiting\",\"waiting_for\":[\"log \\\"x\\\"\"]}\n");
}

TEST(AdminEndpointsTest, LiveAndReadyAreAskedApart) {
  const AdminEndpoints endpoints({.live = {{"loop", [] { return true; }}},
                                  .ready = {{"edge", [] { return false; }}},
                                  .metrics = {}});
  EXPECT_EQ(endpoints.Respond("GET", "/livez").status, 200);
  EXPECT_EQ(endpoints.Respond("GET", "/readyz").status, 503);
}

TEST(AdminEndpointsTest, MetricsAreThoseOfEveryPart) {
  const OneGauge a("sluice_a"), b("sluice_b");
  const AdminEndpoints endpoints({.live = {}, .ready = {}, .metrics = {&a, &b}});
  const AdminResponse response = endpoints.Respond("GET", "/metrics?x=y");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(response.body, HasSubstr("sluice_a 7"));
  EXPECT_THAT(response.body, HasSubstr("sluice_b 7"));
}

TEST(AdminEndpointsTest, OtherPathsAndMethodsAreRefused) {
  const AdminEndpoints endpoints(AdminEndpoints::Parts{});
  for (const char* target : {"/", "", "*", "/metrics/", "/METRICS", "//livez", "/livez%00"}) {
    EXPECT_EQ(endpoints.Respond("GET", target).status, 404) << target;
  }
  EXPECT_EQ(endpoints.Respond("POST", "/metrics").status, 405);
  EXPECT_EQ(endpoints.Respond("HEAD", "/livez").status, 200);
}

}  // namespace
}  // namespace sluice::app
