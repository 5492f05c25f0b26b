#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"

namespace sluice {

// Lets the first lines of a kind through and counts the rest until the window of that kind ends.
// Thread: one at a time (the logger's mutex).
class RepeatLimit {
 public:
  struct Options {
    uint64_t max_lines = 10;  // of one kind within `window`
    std::chrono::milliseconds window = std::chrono::seconds(10);
    size_t max_kinds = 256;  // further kinds share one budget
  };
  struct Suppressed {
    std::string kind;  // empty: the kinds beyond `max_kinds`
    uint64_t lines = 0;
  };

  RepeatLimit() : RepeatLimit(Options{}) {}
  explicit RepeatLimit(const Options& options) : options_(options) {}

  // True if a line of this kind may be written.
  bool Admit(std::string_view kind, SteadyTime now);
  // The kinds whose window has ended with lines suppressed, each once. SteadyTime::max() ends all.
  std::vector<Suppressed> EndWindows(SteadyTime now);

 private:
  struct Window {
    SteadyTime end;
    uint64_t lines = 0;
  };
  const Options options_;
  std::map<std::string, Window, std::less<>> windows_;
  SteadyTime first_end_ = SteadyTime::max();  // of all windows
};

}  // namespace sluice
