#include "ingest/jetstream_log.h"

#include <algorithm>
#include <utility>

#include "core/check.h"
#include "core/status.h"

namespace sluice::ingest {

// A tail that is in the log's list as long as it lives.
class JetstreamLog::OpenedTail final : public Tail {
 public:
  OpenedTail(JetstreamLog* log, std::unique_ptr<JetstreamTail> tail)
      : log_(log), tail_(std::move(tail)) {
    MutexLock lock(&log_->mutex_);
    log_->tails_.push_back(tail_.get());
  }
  ~OpenedTail() override {
    MutexLock lock(&log_->mutex_);
    std::erase(log_->tails_, tail_.get());
  }
  void RequestHead() override { tail_->RequestHead(); }

 private:
  JetstreamLog* const log_;
  const std::unique_ptr<JetstreamTail> tail_;
};

absl::StatusOr<std::unique_ptr<JetstreamLog>> JetstreamLog::Open(const Parts& parts) {
  std::unique_ptr<JetstreamLog> log(new JetstreamLog(parts));
  if (parts.use == Use::kTail) {
    // Nothing is connected before a tail is opened, and that cannot fail.
    SLUICE_RETURN_IF_ERROR(
        NatsConnection::Create(
            {.options = parts.nats, .name = "", .inbox = "", .handler = nullptr, .logger = nullptr})
            .status());
    return log;
  }
  SLUICE_ASSIGN_OR_RETURN(log->appender_, JetstreamAppender::Open({.stream = log->stream_,
                                                                   .clock = log->clock_,
                                                                   .logger = log->logger_,
                                                                   .status = &log->status_}));
  return log;
}

JetstreamLog::JetstreamLog(const Parts& parts)
    : stream_(parts.log, parts.nats, parts.content),
      clock_(*parts.clock),
      logger_(parts.logger),
      status_(stream_, parts.logger) {}

JetstreamLog::~JetstreamLog() {
  MutexLock lock(&mutex_);
  SLUICE_CHECK(tails_.empty());
}

void JetstreamLog::Append(const AppendRequest& request, AppendDone done) {
  SLUICE_CHECK(appender_ != nullptr);
  appender_->Append(request, std::move(done));
}

void JetstreamLog::Announce() {
  if (appender_ != nullptr) appender_->Announce();
}

std::unique_ptr<Tail> JetstreamLog::OpenTail(TailSink* sink) {
  absl::StatusOr<std::unique_ptr<JetstreamTail>> tail =
      JetstreamTail::Open({.stream = stream_,
                           .clock = clock_,
                           .logger = logger_,
                           .status = &status_,
                           .counters = &tail_counters_,
                           .sink = sink});
  SLUICE_CHECK(tail.ok());  // Open has tried the options
  return std::make_unique<OpenedTail>(this, *std::move(tail));
}

bool JetstreamLog::is_connected() const {
  MutexLock lock(&mutex_);
  return (appender_ == nullptr || appender_->connection().is_connected()) &&
         std::all_of(tails_.begin(), tails_.end(),
                     [](const JetstreamTail* tail) { return tail->connection().is_connected(); });
}

bool JetstreamLog::is_ready() const {
  MutexLock lock(&mutex_);
  return (appender_ == nullptr || appender_->is_ready()) &&
         std::all_of(tails_.begin(), tails_.end(),
                     [](const JetstreamTail* tail) { return tail->is_ready(); });
}

}  // namespace sluice::ingest
