#include "app/demo/machine_sampler.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::demo {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;

// A folder that stands for /proc.
class MachineSamplerTest : public ::testing::Test {
 protected:
  MachineSamplerTest() { std::filesystem::create_directories(folder_ / "net"); }
  ~MachineSamplerTest() override { std::filesystem::remove_all(folder_); }
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
  }
  MachineFigures SampleAt(seconds time) { return sampler_.Sample(SteadyTime(time)); }

 private:
  const std::filesystem::path folder_ =
      std::filesystem::path(::testing::TempDir()) /
      ::testing::UnitTest::GetInstance()->current_test_info()->name();
  MachineSampler sampler_{folder_.string()};
};

TEST_F(MachineSamplerTest, CpuPercentIsTheBusyPartSinceTheSampleBefore) {
  Write("stat", "cpu0 100 0 0 100\ncpu1 0 0 0 0\n");
  EXPECT_THAT(SampleAt(seconds(0)).cpu_percent, ElementsAre(0, 0));
  Write("stat", "cpu0 125 0 0 175\ncpu1 10 0 0 0\n");
  EXPECT_THAT(SampleAt(seconds(1)).cpu_percent, ElementsAre(25, 100));
}

TEST_F(MachineSamplerTest, ACoreThatGoesOfflineCostsOneSample) {
  Write("stat", "cpu0 0 0 0 0\ncpu1 0 0 0 0\n");
  SampleAt(seconds(0));
  Write("stat", "cpu1 50 0 0 50\n");
  EXPECT_THAT(SampleAt(seconds(1)).cpu_percent, ElementsAre(0));
  Write("stat", "cpu1 100 0 0 100\n");
  EXPECT_THAT(SampleAt(seconds(2)).cpu_percent, ElementsAre(50));
}

TEST_F(MachineSamplerTest, NetworkIsARate) {
  Write("net/dev", "eth0: 0 0 0 0 0 0 0 0 0 0\nlo: 0 0 0 0 0 0 0 0 0 0\n");
  SampleAt(seconds(0));
  Write("net/dev", "eth0: 200 0 0 0 0 0 0 0 40 0\nlo: 6 0 0 0 0 0 0 0 6 0\n");
  const MachineFigures figures = SampleAt(seconds(2));
  EXPECT_DOUBLE_EQ(figures.received_bytes_per_second, 100);
  EXPECT_DOUBLE_EQ(figures.sent_bytes_per_second, 20);
  EXPECT_DOUBLE_EQ(figures.loopback_bytes_per_second, 3);
}

TEST_F(MachineSamplerTest, AMachineWithoutTheseFilesHasZeros) {
  const MachineFigures figures = SampleAt(seconds(0));
  EXPECT_TRUE(figures.cpu_percent.empty());
  EXPECT_EQ(figures.memory.total_bytes, 0u);
}

}  // namespace
}  // namespace sluice::demo
