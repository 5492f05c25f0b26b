#include "app/demo/system_event.h"

#include <gtest/gtest.h>

namespace sluice::demo {
namespace {

TEST(SystemEventTest, IsOneLineOfJson) {
  const WallTime now(std::chrono::microseconds(1'700'000'000'123'456));
  const MachineFigures machine{.cpu_percent = {12.34, 100},
                               .memory = {.total_bytes = 1000, .used_bytes = 400, .cache_bytes = 7},
                               .received_bytes_per_second = 1.2,
                               .sent_bytes_per_second = 3,
                               .loopback_bytes_per_second = 1e6,
                               .load = {0.5, 1, 1.25}};
  const TrafficFigures traffic{
      .published_per_second = 2, .delivered_per_second = 4.04, .sessions = 3};
  EXPECT_EQ(FormatSystemEvent(now, machine, traffic),
            R"({"time_ms":1700000000123.456,"cpu_percent":[12.3,100.0],)"
            R"("memory_bytes":{"total":1000,"used":400,"cache":7},)"
            R"("network_bytes_per_second":{"received":1,"sent":3,"loopback":1000000},)"
            R"("load":[0.50,1.00,1.25],)"
            R"("sluice":{"published_per_second":2.0,"delivered_per_second":4.0,"sessions":3}})");
}

TEST(SystemEventTest, AMachineWithoutFiguresIsStillJson) {
  const std::string json = FormatSystemEvent(WallTime(), {}, {});
  EXPECT_TRUE(json.starts_with(R"({"time_ms":0.000,"cpu_percent":[],)")) << json;
}

}  // namespace
}  // namespace sluice::demo
