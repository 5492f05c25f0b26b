#pragma once

#include <array>
#include <chrono>
#include <cstdint>

#include <boost/intrusive/list.hpp>

#include "core/event.h"

namespace sluice::edge {

// A moment on a wheel, counted in ticks since the wheel's start.
using Tick = uint32_t;

// Links a deadline into its slot of the wheel; unlinks itself.
using TimedHook =
    boost::intrusive::list_base_hook<boost::intrusive::tag<struct TimedTag>,
                                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

// Something with at most one deadline on a wheel. Thread: shard.
class Timed : public TimedHook {
 public:
  virtual ~Timed() = default;
  // The deadline has passed; it is no longer set.
  virtual void OnDeadline() = 0;

 private:
  friend class TimerWheel;
  Tick deadline_ = 0;
};

// All deadlines of one shard, in steps of 100 ms: setting and clearing one is O(1) and allocates
// nothing. Deadlines never fire early, and late by at most a step and what keeps the shard busy.
// Thread: shard.
class TimerWheel {
 public:
  static constexpr std::chrono::milliseconds kStep{100};

  explicit TimerWheel(SteadyTime start) : start_(start) {}

  Tick now() const { return now_; }
  // `delay` in ticks, rounded up, at least 1.
  static Tick Ticks(std::chrono::milliseconds delay);
  // Sets or moves the deadline of `timed` to `delay` ticks from now.
  void Set(Timed* timed, Tick delay);
  void Clear(Timed* timed) {
    if (timed->TimedHook::is_linked()) timed->TimedHook::unlink();
  }
  // Moves the wheel to `time` and fires what is due.
  void Advance(SteadyTime time);
  // Until the next step, 0 if it has passed; for the loop's wait.
  std::chrono::milliseconds UntilNextStep(SteadyTime time) const;

 private:
  static constexpr size_t kSlots = 512;  // beyond 51 s a deadline stays for another round
  using Slot = boost::intrusive::list<Timed, boost::intrusive::base_hook<TimedHook>,
                                      boost::intrusive::constant_time_size<false>>;

  void FireSlot();

  const SteadyTime start_;
  Tick now_ = 0;
  std::array<Slot, kSlots> slots_;
};

}  // namespace sluice::edge
