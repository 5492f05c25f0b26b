#include "core/logging.h"

#include <string>
#include <vector>

#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace sluice {
namespace {

using Sink = spdlog::sinks::stdout_sink_base<spdlog::details::console_mutex>;

// Component and message in one text; neither holds a NUL.
std::string KindOf(std::string_view component, std::string_view message) {
  return std::string(component).append(1, '\0').append(message);
}

}  // namespace

Logger::Logger(const LoggingOptions& options, const Clock& clock, std::FILE* out)
    : level_(options.level),
      clock_(clock),
      pool_(std::make_shared<spdlog::details::thread_pool>(kQueueLines, 1)) {
  auto sink = std::make_shared<Sink>(out);
  sink->set_pattern("%v");
  logger_ = std::make_shared<spdlog::async_logger>("sluice", std::move(sink), pool_,
                                                   spdlog::async_overflow_policy::overrun_oldest);
}

Logger::~Logger() {
  {
    MutexLock lock(&mutex_);
    WriteSuppressed(SteadyTime::max());
  }
  logger_.reset();
  pool_.reset();  // writes what waits, then joins its thread
}

void Logger::Log(LogLevel level, std::string_view component, std::string_view message,
                 std::initializer_list<LogField> fields) {
  if (level < level_) return;
  const SteadyTime now = clock_.Steady();
  MutexLock lock(&mutex_);
  WriteSuppressed(now);
  if (!repeats_.Admit(KindOf(component, message), now)) return;
  Write(level, component, message, {fields.begin(), fields.size()});
}

void Logger::WriteSuppressed(SteadyTime now) {
  for (const RepeatLimit::Suppressed& suppressed : repeats_.EndWindows(now)) {
    const std::string_view kind = suppressed.kind;
    const size_t end = kind.find('\0');
    const bool is_known = end != std::string_view::npos;
    const LogField fields[] = {{"of", is_known ? kind.substr(end + 1) : "other lines"},
                               {"lines", suppressed.lines}};
    Write(LogLevel::kWarning, is_known ? kind.substr(0, end) : "logging",
          "repeated lines suppressed", fields);
  }
}

void Logger::Write(LogLevel level, std::string_view component, std::string_view message,
                   std::span<const LogField> fields) {
  std::vector<LogField> all(fields.begin(), fields.end());
  const uint64_t lost = pool_->overrun_counter();
  if (lost > lost_) all.push_back({"lost", lost - lost_});
  lost_ = lost;
  logger_->log(spdlog::level::critical,
               FormatLogLine({clock_.Wall(), level, component, message, all}));
}

}  // namespace sluice
