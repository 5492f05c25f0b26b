#include "ingest/pending_answers.h"

#include <utility>

namespace sluice::ingest {

void PendingAnswers::Expect(std::string key, SteadyTime deadline, OnAnswer done) {
  pending_.emplace(std::move(key), Pending{deadline, std::move(done)});
}

bool PendingAnswers::Settle(std::string_view key, absl::StatusOr<std::string> answer) {
  const auto found = pending_.find(key);
  if (found == pending_.end()) return false;
  OnAnswer done = std::move(found->second.done);
  pending_.erase(found);
  done(std::move(answer));
  return true;
}

void PendingAnswers::Expire(SteadyTime now) {
  for (auto each = pending_.begin(); each != pending_.end();) {
    if (now < each->second.deadline) {
      ++each;
      continue;
    }
    OnAnswer done = std::move(each->second.done);
    each = pending_.erase(each);
    done(absl::UnavailableError("no answer in time"));
  }
}

}  // namespace sluice::ingest
