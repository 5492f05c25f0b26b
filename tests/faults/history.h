#pragma once

#include <cstdio>
#include <string>

namespace sluice::faults {

// A file of observations, one line each: a letter, the time in microseconds of CLOCK_MONOTONIC (one
// clock for all processes of a machine), and the fields that tests/faults/README.md lists.
// Thread: one.
class History {
 public:
  // Ends the program with a line on stderr if the file cannot be written.
  explicit History(const std::string& path);
  ~History();
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  // `format`: of the fields after the time, as of printf.
  void Write(char kind, const char* format, ...) __attribute__((format(printf, 3, 4)));
  void Flush() { std::fflush(file_); }

 private:
  std::FILE* const file_;
};

}  // namespace sluice::faults
