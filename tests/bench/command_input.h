#pragma once

#include <string>

namespace sluice::bench {

// Lines from a file descriptor that an epoll watches. Thread: one.
class CommandInput {
 public:
  explicit CommandInput(int fd) : fd_(fd) {}

  // Reads what is there; call when the descriptor is readable.
  void Fill();
  // Moves the next complete line, without its end, to `line`; false if there is none.
  bool Next(std::string* line);
  bool at_end() const { return at_end_; }

 private:
  const int fd_;
  std::string pending_;
  bool at_end_ = false;
};

}  // namespace sluice::bench
