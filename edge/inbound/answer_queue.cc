#include "edge/inbound/answer_queue.h"

#include <utility>

#include "core/check.h"

namespace sluice::edge {

void AnswerQueue::Add(Answer answer) {
  if (waiting_.empty()) return answer(absl::OkStatus());
  waiting_.push_back({std::move(answer), true, absl::OkStatus()});
}

uint64_t AnswerQueue::Await(Answer answer) {
  waiting_.push_back({std::move(answer), false, absl::OkStatus()});
  return first_number_ + waiting_.size() - 1;
}

void AnswerQueue::Settle(uint64_t number, const absl::Status& status) {
  const uint64_t place = number - first_number_;
  SLUICE_CHECK(place < waiting_.size());
  waiting_[place].is_settled = true;
  waiting_[place].status = status;
  size_t ready = 0;
  while (ready < waiting_.size() && waiting_[ready].is_settled) ++ready;
  if (ready == 0) return;
  for (size_t i = 0; i < ready; ++i) waiting_[i].answer(waiting_[i].status);
  first_number_ += ready;
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<ptrdiff_t>(ready));
  if (waiting_.empty()) waiting_.shrink_to_fit();
  owner_.OnLateAnswers();
}

}  // namespace sluice::edge
