#include "app/process_metrics.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "app/version.h"
#include "core/metric_family.h"

namespace sluice::app {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

// Of /proc/self/stat, proc(5).
struct Stat {
  double cpu_seconds = 0;
  double virtual_bytes = 0;
  double resident_bytes = 0;
};

// The fields behind the command's name, which is in parentheses and may hold anything; field 3 of
// the manual is the first.
std::optional<Stat> ReadStat(int file) {
  char text[1'024];
  const ssize_t length = pread(file, text, sizeof(text) - 1, 0);
  if (length <= 0) return std::nullopt;
  text[length] = '\0';
  const size_t name_end = std::string_view(text).rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;

  constexpr int kUserTicks = 14, kSystemTicks = 15, kVirtualBytes = 23, kResidentPages = 24;
  Stat stat;
  const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  char* at = text + name_end + 4;  // behind `) S`
  for (int field = 4; field <= kResidentPages; ++field) {
    char* end = nullptr;
    const double value = static_cast<double>(std::strtoll(at, &end, 10));
    if (end == at) return std::nullopt;
    at = end;
    if (field == kUserTicks || field == kSystemTicks) stat.cpu_seconds += value / ticks;
    if (field == kVirtualBytes) stat.virtual_bytes = value;
    if (field == kResidentPages) {
      stat.resident_bytes = value * static_cast<double>(sysconf(_SC_PAGESIZE));
    }
  }
  return stat;
}

double CountEntries(DIR* folder) {
  rewinddir(folder);
  double count = 0;
  while (const dirent* entry = readdir(folder)) count += entry->d_name[0] != '.';
  return count;
}

MetricFamily Gauge(std::string name, std::string help, double value) {
  return SingleMetric(MetricType::Gauge, std::move(name), std::move(help), value);
}

MetricFamily BuildInfo() {
  MetricFamily family = Gauge("sluice_build_info", "What the binary was built from.", 1);
  family.metric[0].label = {{"version", std::string(VersionNumber())},
                            {"commit", std::string(VersionCommit())}};
  return family;
}

}  // namespace

ProcessMetrics::ProcessMetrics(const Clock& clock)
    : start_(clock.Wall()),
      stat_(open("/proc/self/stat", O_RDONLY | O_CLOEXEC)),
      descriptors_(opendir("/proc/self/fd")) {}

ProcessMetrics::~ProcessMetrics() {
  if (stat_ >= 0) close(stat_);
}

std::vector<MetricFamily> ProcessMetrics::Collect() const {
  std::vector<MetricFamily> families = {BuildInfo()};
  const std::chrono::duration<double> start = start_.time_since_epoch();
  families.push_back(Gauge("process_start_time_seconds",
                           "When the process started, since the Unix epoch.", start.count()));
  if (const std::optional<Stat> stat = ReadStat(stat_)) {
    families.push_back(SingleMetric(MetricType::Counter, "process_cpu_seconds_total",
                                    "User and system CPU time spent.", stat->cpu_seconds));
    families.push_back(
        Gauge("process_virtual_memory_bytes", "Virtual memory size.", stat->virtual_bytes));
    families.push_back(
        Gauge("process_resident_memory_bytes", "Resident memory size.", stat->resident_bytes));
  }
  if (descriptors_) {
    families.push_back(
        Gauge("process_open_fds", "Open file descriptors.", CountEntries(descriptors_.get())));
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    families.push_back(Gauge("process_max_fds", "The most file descriptors that may be open.",
                             static_cast<double>(limit.rlim_cur)));
  }
  return families;
}

}  // namespace sluice::app
