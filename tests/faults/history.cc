#include "tests/faults/history.h"

#include <cstdarg>
#include <cstdlib>

#include "tests/bench/bench_clock.h"

namespace sluice::faults {
namespace {

constexpr size_t kBufferBytes = 1u << 20;
constexpr int64_t kNsPerMicrosecond = 1'000;

std::FILE* OpenOrDie(const std::string& path) {
  std::FILE* const file = std::fopen(path.c_str(), "w");
  if (file == nullptr) {
    std::perror(path.c_str());
    std::exit(1);
  }
  std::setvbuf(file, nullptr, _IOFBF, kBufferBytes);
  return file;
}

}  // namespace

History::History(const std::string& path) : file_(OpenOrDie(path)) {}

History::~History() { std::fclose(file_); }

void History::Write(char kind, const char* format, ...) {
  std::fprintf(file_, "%c %lld ", kind, static_cast<long long>(bench::NowNs() / kNsPerMicrosecond));
  va_list fields;
  va_start(fields, format);
  std::vfprintf(file_, format, fields);
  va_end(fields);
  std::fputc('\n', file_);
}

}  // namespace sluice::faults
