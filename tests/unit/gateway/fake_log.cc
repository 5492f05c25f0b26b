#include "tests/unit/gateway/fake_log.h"

#include <utility>

#include "core/check.h"

namespace sluice::gateway {

FakeLog::~FakeLog() {
  for (ingest::AppendDone& done : done_) {
    if (done) done(absl::UnavailableError("the log has gone"));
  }
}

void FakeLog::Append(const ingest::AppendRequest& request, ingest::AppendDone done) {
  absl::Status answer;
  {
    MutexLock lock(&mutex_);
    given_.push_back({{request.channel.kind, std::string(request.channel.name)},
                      std::string(request.type),
                      std::string(request.data),
                      std::string(request.idempotency_key),
                      std::string(request.traceparent),
                      request.deadline});
    answer = answer_;
    done_.push_back(answer.ok() ? std::move(done) : nullptr);
  }
  if (!request.announce_later) Announce();
  if (!answer.ok()) done(answer);
}

void FakeLog::Announce() {
  MutexLock lock(&mutex_);
  announced_ = given_.size();
  changed_.NotifyAll();
}

std::unique_ptr<ingest::Tail> FakeLog::OpenTail(ingest::TailSink*) { SLUICE_CHECK(false); }

void FakeLog::AnswerAtOnceWith(absl::Status status) {
  MutexLock lock(&mutex_);
  answer_ = std::move(status);
}

void FakeLog::AwaitAppends(size_t count) {
  MutexLock lock(&mutex_);
  while (announced_ < count) changed_.Wait(&mutex_);
}

FakeLog::Given FakeLog::given(size_t i) {
  MutexLock lock(&mutex_);
  return given_.at(i);
}

size_t FakeLog::size() {
  MutexLock lock(&mutex_);
  return given_.size();
}

void FakeLog::Store(size_t i, uint64_t sequence, bool duplicate) {
  Take(i)(ingest::Appended{{*Epoch::Parse("e1"), sequence}, duplicate});
}

void FakeLog::Fail(size_t i, absl::Status status) { Take(i)(std::move(status)); }

ingest::AppendDone FakeLog::Take(size_t i) {
  MutexLock lock(&mutex_);
  SLUICE_CHECK(done_.at(i) != nullptr);
  return std::exchange(done_.at(i), nullptr);
}

}  // namespace sluice::gateway
