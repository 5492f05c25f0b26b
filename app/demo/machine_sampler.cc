#include "app/demo/machine_sampler.h"

#include <fstream>
#include <iterator>
#include <utility>

namespace sluice::demo {

MachineFigures MachineSampler::Sample(SteadyTime now) {
  const NetworkBytes network = ParseNetworkBytes(Read("net/dev"));
  MachineFigures figures;
  figures.cpu_percent = CpuPercent();
  figures.memory = ParseMemory(Read("meminfo"));
  figures.received_bytes_per_second = received_.Update(static_cast<double>(network.received), now);
  figures.sent_bytes_per_second = sent_.Update(static_cast<double>(network.sent), now);
  figures.loopback_bytes_per_second = loopback_.Update(static_cast<double>(network.loopback), now);
  figures.load = ParseLoad(Read("loadavg"));
  return figures;
}

std::vector<double> MachineSampler::CpuPercent() {
  std::vector<CpuTicks> ticks = ParseCpuTicks(Read("stat"));
  std::vector<double> percent(ticks.size());
  // Cores that came or went shift the others' places: then this sample has none.
  for (size_t i = 0; ticks.size() == last_ticks_.size() && i < ticks.size(); ++i) {
    const CpuTicks& last = last_ticks_[i];
    if (ticks[i].total <= last.total || ticks[i].busy < last.busy) continue;
    percent[i] = 100.0 * static_cast<double>(ticks[i].busy - last.busy) /
                 static_cast<double>(ticks[i].total - last.total);
  }
  last_ticks_ = std::move(ticks);
  return percent;
}

std::string MachineSampler::Read(const char* name) const {
  std::ifstream file(proc_folder_ + '/' + name);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace sluice::demo
