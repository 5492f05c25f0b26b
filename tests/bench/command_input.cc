#include "tests/bench/command_input.h"

#include <unistd.h>

namespace sluice::bench {

void CommandInput::Fill() {
  char buffer[4096];
  const ssize_t got = read(fd_, buffer, sizeof buffer);
  if (got <= 0) {
    at_end_ = true;
  } else {
    pending_.append(buffer, static_cast<size_t>(got));
  }
}

bool CommandInput::Next(std::string* line) {
  const size_t end = pending_.find('\n');
  if (end == std::string::npos) return false;
  *line = pending_.substr(0, end);
  pending_.erase(0, end + 1);
  return true;
}

}  // namespace sluice::bench
