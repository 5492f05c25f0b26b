#include "app/memory_watch.h"

#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <memory>
#include <string_view>

#include "core/small_file.h"

namespace sluice::app {
namespace {

// The limit that this file has; 0: "max", or no such file.
uint64_t LimitIn(const std::string& path) {
  const auto text = ReadSecretFile("memory.max", path);
  if (!text.ok()) return 0;
  uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), bytes);
  return error == std::errc() && end == text->data() + text->size() ? bytes : 0;
}

}  // namespace

edge::MemoryLevel MemoryWatch::Look() {
  using edge::MemoryLevel;
  if (limit_bytes_ == 0) return level_;
  const uint64_t resident = resident_bytes_();
  if (IsAt(kCritical, MemoryLevel::kCritical, resident)) {
    level_ = MemoryLevel::kCritical;
  } else if (IsAt(kHigh, MemoryLevel::kHigh, resident)) {
    level_ = MemoryLevel::kHigh;
  } else {
    level_ = MemoryLevel::kNormal;
  }
  return level_;
}

bool MemoryWatch::IsAt(double threshold, edge::MemoryLevel level, uint64_t resident) const {
  const double begins = level_ >= level ? threshold - kBack : threshold;
  return static_cast<double>(resident) >= begins * static_cast<double>(limit_bytes_);
}

uint64_t ResidentBytes() {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/proc/self/statm", "re"),
                                                             &std::fclose);
  unsigned long pages = 0;
  if (!file || std::fscanf(file.get(), "%*u %lu", &pages) != 1) return 0;
  return pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

uint64_t CgroupMemoryLimit(const std::string& root, const std::string& membership) {
  constexpr std::string_view kVersion2 = "0::";
  uint64_t limit = 0;
  size_t begin = membership.rfind(kVersion2, 0) == 0 ? 0 : membership.find("\n0::");
  if (begin == std::string::npos) return 0;
  if (membership[begin] == '\n') ++begin;
  begin += kVersion2.size();
  std::string path = membership.substr(begin, membership.find('\n', begin) - begin);
  // Every group above it limits it too. In a container the root is its own group.
  while (true) {
    const uint64_t found = LimitIn(root + path + "/memory.max");
    if (found != 0 && (limit == 0 || found < limit)) limit = found;
    if (path.empty()) return limit;
    path.resize(path.find_last_of('/'));
  }
}

uint64_t OwnCgroupMemoryLimit() {
  const auto membership = ReadSecretFile("cgroup", "/proc/self/cgroup");
  return membership.ok() ? CgroupMemoryLimit("/sys/fs/cgroup", *membership) : 0;
}

}  // namespace sluice::app
