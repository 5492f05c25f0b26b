#pragma once

#include <dirent.h>

#include <chrono>
#include <memory>
#include <vector>

#include <prometheus/collectable.h>

#include "core/clock.h"

namespace sluice::app {

// The metrics of the process itself, `process_*` as other exporters name them, and
// `sluice_build_info`. Its files of /proc are open from the start, so it also works when the
// process has run out of descriptors. Thread: one at a time (the admin server's).
class ProcessMetrics final : public prometheus::Collectable {
 public:
  explicit ProcessMetrics(const Clock& clock = Clock::System());
  ~ProcessMetrics() override;
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  struct CloseFolder {
    void operator()(DIR* folder) const { closedir(folder); }
  };

  const WallTime start_;
  const int stat_;                                       // /proc/self/stat; -1 if it cannot be read
  const std::unique_ptr<DIR, CloseFolder> descriptors_;  // /proc/self/fd; null likewise
};

}  // namespace sluice::app
