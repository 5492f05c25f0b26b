#pragma once

#include <cstdio>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "core/clock.h"
#include "core/log_line.h"
#include "core/mutex.h"
#include "core/options.h"
#include "core/repeat_limit.h"

namespace spdlog {
class logger;
namespace details {
class thread_pool;
}
}  // namespace spdlog

namespace sluice {

// Writes JSON lines (core/log_line.h) from a thread of its own, so that a stalled stderr never
// stalls a caller. Lines of one component and message are limited to ten in ten seconds; how many
// were left out is said when that time is over. When more than kQueueLines wait, the oldest are
// lost and the next line says how many in `lost`.
// Owner: main, which passes it to the parts; no global. Thread: any.
class Logger {
 public:
  // `clock` and `out` outlive the logger.
  explicit Logger(const LoggingOptions& options, const Clock& clock = Clock::System(),
                  std::FILE* out = stderr);
  // Writes what waits.
  ~Logger();

  // `component` and `message` are constants of the code: what differs is a field. Example:
  //   logger->Log(LogLevel::kWarning, "gateway", "append failed", {{"code", code}});
  void Log(LogLevel level, std::string_view component, std::string_view message,
           std::initializer_list<LogField> fields = {}) ABSL_LOCKS_EXCLUDED(mutex_);

  // Whether lines of `level` are written, for those that cost something to make.
  bool logs(LogLevel level) const { return level >= level_; }

  static constexpr size_t kQueueLines = 1'024;

 private:
  void Write(LogLevel level, std::string_view component, std::string_view message,
             std::span<const LogField> fields) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WriteSuppressed(SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Constant after construction.
  const LogLevel level_;
  const Clock& clock_;
  // Shared because spdlog's asynchronous messages refer to both.
  std::shared_ptr<spdlog::details::thread_pool> pool_;
  std::shared_ptr<spdlog::logger> logger_;

  Mutex mutex_;
  RepeatLimit repeats_ ABSL_GUARDED_BY(mutex_);
  uint64_t lost_ ABSL_GUARDED_BY(mutex_) = 0;  // lost lines that have been said
};

}  // namespace sluice
