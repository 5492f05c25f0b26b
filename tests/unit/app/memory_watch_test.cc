#include "app/memory_watch.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace sluice::app {
namespace {

using edge::MemoryLevel;

TEST(MemoryWatchTest, LevelsBeginAndEndApart) {
  uint64_t resident = 0;
  MemoryWatch watch(1000, [&resident] { return resident; });
  const auto at = [&](uint64_t bytes) {
    resident = bytes;
    return watch.Look();
  };
  EXPECT_EQ(at(849), MemoryLevel::kNormal);
  EXPECT_EQ(at(850), MemoryLevel::kHigh);
  EXPECT_EQ(at(949), MemoryLevel::kHigh);
  EXPECT_EQ(at(950), MemoryLevel::kCritical);
  EXPECT_EQ(at(901), MemoryLevel::kCritical);
  EXPECT_EQ(at(899), MemoryLevel::kHigh);
  EXPECT_EQ(at(801), MemoryLevel::kHigh);
  EXPECT_EQ(at(799), MemoryLevel::kNormal);
  EXPECT_EQ(at(849), MemoryLevel::kNormal);
  EXPECT_EQ(at(5000), MemoryLevel::kCritical);
  EXPECT_EQ(at(100), MemoryLevel::kNormal);
}

TEST(MemoryWatchTest, WithoutALimitNothingIsHigh) {
  MemoryWatch watch(0, [] { return ~uint64_t{0}; });
  EXPECT_EQ(watch.Look(), MemoryLevel::kNormal);
}

TEST(MemoryWatchTest, KnowsItsOwnSize) { EXPECT_GT(ResidentBytes(), 100'000u); }

class CgroupTest : public testing::Test {
 protected:
  CgroupTest() {
    std::string name = (std::filesystem::temp_directory_path() / "sluice-cgroup-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  ~CgroupTest() override { std::filesystem::remove_all(folder_); }
  void Limit(const std::string& group, const std::string& text) {
    const std::filesystem::path folder = folder_ / group;
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "memory.max") << text << '\n';
  }
  uint64_t Of(const std::string& membership) {
    return CgroupMemoryLimit(folder_.string(), membership);
  }

  std::filesystem::path folder_;
};

TEST_F(CgroupTest, TheTightestOfAllGroupsCounts) {
  Limit("a/b", "4096");
  EXPECT_EQ(Of("0::/a/b\n"), 4096u);
  Limit("a", "2048");
  EXPECT_EQ(Of("0::/a/b\n"), 2048u);
  EXPECT_EQ(Of("0::/a\n"), 2048u);
  Limit("a", "max");
  EXPECT_EQ(Of("0::/a/b\n"), 4096u);
  EXPECT_EQ(Of("0::/a\n"), 0u);
  Limit("", "1024");
  EXPECT_EQ(Of("0::/a/b\n"), 1024u);
  EXPECT_EQ(Of("0::/\n"), 1024u);
  EXPECT_EQ(Of("12:pids:/x\n0::/a/b\n"), 1024u);
}

TEST_F(CgroupTest, OthersHaveNoLimit) {
  EXPECT_EQ(Of(""), 0u);
  EXPECT_EQ(Of("12:memory:/a\n"), 0u);
  EXPECT_EQ(Of("0::/nowhere\n"), 0u);
  Limit("a", "12x");
  EXPECT_EQ(Of("0::/a\n"), 0u);
}

}  // namespace
}  // namespace sluice::app
