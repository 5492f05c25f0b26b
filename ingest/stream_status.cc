#include "ingest/stream_status.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace sluice::ingest {

absl::Status StreamStatus::Judge(const StreamState& state) {
  const std::vector<std::string> contradictions = state.Contradictions(stream_);
  const std::string text =
      absl::StrCat("the stream ", stream_.name(),
                   " contradicts the configuration: ", absl::StrJoin(contradictions, "; "));
  MutexLock lock(&mutex_);
  if (contradictions.empty()) {
    was_used_ = true;
    said_.clear();
    return absl::OkStatus();
  }
  if (said_ != text && logger_ != nullptr) {
    logger_->Log(was_used_ ? LogLevel::kWarning : LogLevel::kError, "ingest",
                 "the stream contradicts the configuration", {{"detail", text}});
  }
  said_ = text;
  if (was_used_) return absl::OkStatus();
  refusal_ = absl::FailedPreconditionError(text);
  return refusal_;
}

void StreamStatus::Report(const absl::Status& failure) {
  MutexLock lock(&mutex_);
  if (said_ == failure.message()) return;
  said_ = std::string(failure.message());
  if (logger_ == nullptr) return;
  logger_->Log(LogLevel::kWarning, "ingest", "the stream cannot be used", {{"error", said_}});
}

absl::Status StreamStatus::refusal() const {
  MutexLock lock(&mutex_);
  return refusal_;
}

}  // namespace sluice::ingest
