#include "edge/engine/timer_wheel.h"

#include <algorithm>

namespace sluice::edge {

Tick TimerWheel::Ticks(std::chrono::milliseconds delay) {
  return static_cast<Tick>(
      std::max<int64_t>(1, (delay + kStep - std::chrono::milliseconds(1)) / kStep));
}

void TimerWheel::Set(Timed* timed, Tick delay) {
  Clear(timed);
  // One more: the current step may be nearly over.
  timed->deadline_ = now_ + std::max<Tick>(delay, 1) + 1;
  slots_[timed->deadline_ % kSlots].push_back(*timed);
}

void TimerWheel::Advance(SteadyTime time) {
  const auto target = static_cast<Tick>((time - start_) / kStep);
  while (now_ != target) {
    ++now_;
    FireSlot();
  }
}

void TimerWheel::FireSlot() {
  // Through a list of its own: firing may set, clear or destroy any entry, this slot's too.
  Slot due;
  due.swap(slots_[now_ % kSlots]);
  while (!due.empty()) {
    Timed& timed = due.front();
    timed.TimedHook::unlink();
    if (timed.deadline_ == now_) {
      timed.OnDeadline();
    } else {
      slots_[now_ % kSlots].push_back(timed);
    }
  }
}

std::chrono::milliseconds TimerWheel::UntilNextStep(SteadyTime time) const {
  const SteadyTime next = start_ + (now_ + 1) * kStep;
  if (next <= time) return std::chrono::milliseconds(0);
  return std::chrono::ceil<std::chrono::milliseconds>(next - time);
}

}  // namespace sluice::edge
