#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "core/event.h"
#include "core/mutex.h"

namespace sluice::ingest {

// Who waits for which reply: a fixed number of numbered places, each named by the subject that its
// reply comes back to, `<prefix><place>-<generation>`. `Done` is called by the caller, never here.
// Thread: any.
template <typename Done>
class ReplySlots {
 public:
  explicit ReplySlots(size_t capacity) : slots_(capacity) {
    free_.reserve(capacity);
    for (size_t i = capacity; i > 0; --i) free_.push_back(static_cast<uint32_t>(i - 1));
  }

  // Before anything else.
  void set_prefix(std::string prefix) { prefix_ = std::move(prefix); }

  // The subject for the reply; nullopt, and `*done` is as it was, if every place is taken.
  std::optional<std::string> Put(Done* done, SteadyTime deadline) ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    if (free_.empty()) return std::nullopt;
    const uint32_t index = free_.back();
    free_.pop_back();
    Slot& slot = slots_[index];
    slot.done = std::move(*done);
    slot.deadline = deadline;
    slot.is_used = true;
    next_deadline_ = std::min(next_deadline_, deadline);
    return prefix_ + std::to_string(index) + '-' + std::to_string(++slot.generation);
  }

  // Empties the place that `subject` names; nullopt if it has been emptied already.
  std::optional<Done> Take(std::string_view subject) ABSL_LOCKS_EXCLUDED(mutex_) {
    size_t index = 0;
    uint32_t generation = 0;
    if (!subject.starts_with(prefix_)) return std::nullopt;
    if (!ParsePair(subject.substr(prefix_.size()), &index, &generation)) return std::nullopt;
    MutexLock lock(&mutex_);
    if (index >= slots_.size()) return std::nullopt;
    if (!slots_[index].is_used || slots_[index].generation != generation) return std::nullopt;
    return EmptyLocked(index);
  }

  // Empties those whose deadline has come.
  std::vector<Done> TakeExpired(SteadyTime now) ABSL_LOCKS_EXCLUDED(mutex_) {
    std::vector<Done> expired;
    MutexLock lock(&mutex_);
    if (next_deadline_ > now) return expired;
    next_deadline_ = SteadyTime::max();
    for (size_t i = 0; i < slots_.size(); ++i) {
      if (!slots_[i].is_used) continue;
      if (slots_[i].deadline > now) {
        next_deadline_ = std::min(next_deadline_, slots_[i].deadline);
      } else {
        expired.push_back(EmptyLocked(i));
      }
    }
    return expired;
  }

  std::vector<Done> TakeAll() ABSL_LOCKS_EXCLUDED(mutex_) { return TakeExpired(SteadyTime::max()); }

  uint64_t used() const ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    return slots_.size() - free_.size();
  }

 private:
  struct Slot {
    Done done;
    SteadyTime deadline;
    uint32_t generation = 0;
    bool is_used = false;
  };

  // Two decimal numbers with a dash between.
  static bool ParsePair(std::string_view text, size_t* first, uint32_t* second) {
    const size_t dash = text.find('-');
    if (dash == std::string_view::npos) return false;
    const char* const end = text.data() + text.size();
    return std::from_chars(text.data(), text.data() + dash, *first).ptr == text.data() + dash &&
           std::from_chars(text.data() + dash + 1, end, *second).ptr == end;
  }

  Done EmptyLocked(size_t index) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    slots_[index].is_used = false;
    free_.push_back(static_cast<uint32_t>(index));
    return std::exchange(slots_[index].done, nullptr);
  }

  std::string prefix_;  // constant once set

  mutable Mutex mutex_;
  std::vector<Slot> slots_ ABSL_GUARDED_BY(mutex_);
  std::vector<uint32_t> free_ ABSL_GUARDED_BY(mutex_);
  SteadyTime next_deadline_ ABSL_GUARDED_BY(mutex_) = SteadyTime::max();  // none is earlier
};

}  // namespace sluice::ingest
