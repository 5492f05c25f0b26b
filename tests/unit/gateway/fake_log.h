#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "core/mutex.h"
#include "ingest/event_log.h"

namespace sluice::gateway {

// A log that keeps what it is given until the test answers, from the test's thread. Thread: any.
class FakeLog final : public ingest::EventLog {
 public:
  // An event as the log was given it.
  struct Given {
    Channel channel;
    std::string type;
    std::string data;
    std::string idempotency_key;
    std::string traceparent;
    SteadyTime deadline;
  };

  ~FakeLog() override;

  void Append(const ingest::AppendRequest& request, ingest::AppendDone done) override;
  void Announce() override;
  std::unique_ptr<ingest::Tail> OpenTail(ingest::TailSink* sink) override;

  // From now on every append is answered so, within the call.
  void AnswerAtOnceWith(absl::Status status);
  // Waits until `count` events have been given to the log and announced since the start.
  void AwaitAppends(size_t count);
  Given given(size_t i);
  size_t size();

  // Answers the i-th append: stored, with sequence `sequence`.
  void Store(size_t i, uint64_t sequence, bool duplicate = false);
  void Fail(size_t i, absl::Status status);

 private:
  ingest::AppendDone Take(size_t i);

  Mutex mutex_;
  Condition changed_;
  std::vector<Given> given_ ABSL_GUARDED_BY(mutex_);
  size_t announced_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<ingest::AppendDone> done_ ABSL_GUARDED_BY(mutex_);
  absl::Status answer_ ABSL_GUARDED_BY(mutex_);  // OK: none at once
};

}  // namespace sluice::gateway
