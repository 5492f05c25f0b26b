#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "absl/strings/string_view.h"
#include "core/event.h"
#include "core/options.h"

namespace sluice {

// The value of a log line's field; text is borrowed. Never a token or an event's data.
class LogValue {
 public:
  LogValue(bool value) : value_(value) {}
  LogValue(double value) : value_(value) {}
  template <std::signed_integral T>
  LogValue(T value) : value_(static_cast<int64_t>(value)) {}
  template <std::unsigned_integral T>
  LogValue(T value) : value_(static_cast<uint64_t>(value)) {}
  LogValue(std::string_view value) : value_(value) {}
  LogValue(const std::string& value) : value_(std::string_view(value)) {}
  LogValue(const char* value) : value_(std::string_view(value)) {}
  LogValue(absl::string_view value) : value_(std::string_view(value.data(), value.size())) {}

  // Text is cut at kMaxTextBytes, so that a line has a bound; what is not finite becomes null.
  void AppendJson(std::string* out) const;

  static constexpr size_t kMaxTextBytes = 1'024;

 private:
  std::variant<bool, double, int64_t, uint64_t, std::string_view> value_;
};

struct LogField {
  std::string_view key;  // a constant of the code
  LogValue value;
};

// One line of the log before it is written; borrows everything.
struct LogRecord {
  WallTime time;
  LogLevel level;
  std::string_view component;  // a constant: the part that speaks
  std::string_view message;    // a constant: what differs from line to line is a field
  std::span<const LogField> fields;
};

// One JSON object without a line break: `ts` (RFC 3339, UTC, milliseconds), `level`, `component`,
// `msg`, then the fields. No control character leaves it unescaped. Thread: any.
std::string FormatLogLine(const LogRecord& record);

}  // namespace sluice
