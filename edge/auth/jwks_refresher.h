#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "core/logging.h"
#include "core/mutex.h"
#include "edge/auth/token_verifier.h"

namespace sluice::edge {

// Fetches the keys of issuers that publish them over https, and replaces them while tokens are
// being verified: every `interval`, sooner after a failure, and when a token names a key that is
// not there, but then not twice in `min_interval`. The addresses are of the configuration alone; no
// redirect is followed, and at most 256 KiB are read. What was fetched last stays in use as long as
// nothing newer can be had. One thread, so one request at a time. Owner: app. Thread: constructor
// and destructor on main, the rest on any.
class JwksRefresher final : public prometheus::Collectable {
 public:
  struct Source {
    std::string url;                  // https
    std::shared_ptr<KeySource> keys;  // shared with the verifier, which wants more or not
    AlgorithmSet algorithms;          // the only ones that count
  };
  struct Options {
    std::vector<Source> sources;
    std::string ca_file;  // PEM; empty: the system's authorities
    std::chrono::milliseconds interval = std::chrono::minutes(10);
    std::chrono::milliseconds min_interval = std::chrono::seconds(30);
    std::chrono::milliseconds retry = std::chrono::seconds(5);  // after a failure
    Logger* logger = nullptr;                                   // null: silent
  };

  // Begins to fetch at once.
  explicit JwksRefresher(Options options);
  // Cuts a request that is under way.
  ~JwksRefresher() override;

  // True once the keys of every source have been fetched.
  bool has_all() const { return missing_.load(std::memory_order_acquire) == 0; }
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  struct Plan;

  void Run();
  absl::StatusOr<KeySet> Fetch(const Source& source);
  void Refresh(const Source& source, Plan* plan);
  bool is_stopping() const ABSL_LOCKS_EXCLUDED(mutex_);

  const Options options_;
  std::atomic<size_t> missing_;
  std::atomic<uint64_t> succeeded_{0};
  std::atomic<uint64_t> failed_{0};
  mutable Mutex mutex_;
  Condition stopped_;
  bool is_stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace sluice::edge
