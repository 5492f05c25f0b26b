#include "app/demo/proc_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::demo {
namespace {

using ::testing::ElementsAre;

constexpr char kStat[] =
    "cpu  144285 0 32946 378728 1951 0 4009 4018 0 0\n"
    "cpu0 100 10 20 600 50 5 6 7 99 99\n"
    "cpu1 0 0 0 1000 0 0 0 0 0 0\n"
    "intr 1782390 0 0 0\n"
    "cpufreq 7\n"
    "ctxt 4768407\n";

TEST(ProcTextTest, CountsEachCoreAndNotTheirSum) { EXPECT_EQ(ParseCpuTicks(kStat).size(), 2u); }

TEST(ProcTextTest, CountsNeitherIdleNorWaitingAsBusy) {
  const auto cores = ParseCpuTicks(kStat);
  EXPECT_EQ(cores.at(0).busy, 148u);
  EXPECT_EQ(cores.at(1).busy, 0u);
}

TEST(ProcTextTest, CountsGuestTimeOnlyOnce) { EXPECT_EQ(ParseCpuTicks(kStat).at(0).total, 798u); }

TEST(ProcTextTest, ReadsCpuLinesOfOldKernelsWithFewerFields) {
  const auto cores = ParseCpuTicks("cpu0 1 2 3 4\n");
  ASSERT_EQ(cores.size(), 1u);
  EXPECT_EQ(cores[0].busy, 6u);
  EXPECT_EQ(cores[0].total, 10u);
}

TEST(ProcTextTest, MemoryInUseIsWhatIsNotAvailable) {
  const MemoryFigures memory = ParseMemory(
      "MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    600 kB\n"
      "Buffers:          50 kB\nCached:          250 kB\nSwapCached:       99 kB\n");
  EXPECT_EQ(memory.total_bytes, 1000u * 1024);
  EXPECT_EQ(memory.used_bytes, 400u * 1024);
  EXPECT_EQ(memory.cache_bytes, 300u * 1024);
}

TEST(ProcTextTest, NetworkSumsInterfacesAndKeepsLoopbackApart) {
  const NetworkBytes network = ParseNetworkBytes(
      "Inter-|   Receive                                                |  Transmit\n"
      " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets\n"
      "    lo: 700 7 0 0 0 0 0 0 700 7 0 0 0 0 0 0\n"
      "  eth0:1000 1 0 0 0 0 0 0 20 1 0 0 0 0 0 0\n"
      "wlan0: 1 1 0 0 0 0 0 0 2 1 0 0 0 0 0 0\n");
  EXPECT_EQ(network.received, 1001u);
  EXPECT_EQ(network.sent, 22u);
  EXPECT_EQ(network.loopback, 700u);
}

TEST(ProcTextTest, ReadsTheThreeLoads) {
  EXPECT_THAT(ParseLoad("2.40 2.45 1.78 6/120 31206\n"), ElementsAre(2.40, 2.45, 1.78));
}

TEST(ProcTextTest, TextThatIsNotUnderstoodCountsAsZero) {
  for (const char* text : {"", "\n", ":", "cpu", "cpu0", "a:b", "MemTotal: x kB", "\n\n \t\n:"}) {
    for (const CpuTicks& ticks : ParseCpuTicks(text)) EXPECT_EQ(ticks.total, 0u);
    EXPECT_EQ(ParseMemory(text).total_bytes, 0u);
    EXPECT_EQ(ParseNetworkBytes(text).received, 0u);
    EXPECT_THAT(ParseLoad(text), ElementsAre(0, 0, 0));
  }
}

}  // namespace
}  // namespace sluice::demo
