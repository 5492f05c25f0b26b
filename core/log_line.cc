#include "core/log_line.h"

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "core/json.h"

namespace sluice {
namespace {

constexpr std::string_view kLevelNames[] = {"debug", "info", "warning", "error"};

void AppendTime(WallTime time, std::string* out) {
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(time);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(ms);
  const std::time_t unix_seconds = std::chrono::system_clock::to_time_t(seconds);
  std::tm utc{};
  gmtime_r(&unix_seconds, &utc);
  char text[48];
  const size_t length = std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text + length, sizeof(text) - length, ".%03dZ",
                static_cast<int>((ms - seconds).count()));
  *out += text;
}

template <typename Number>
void AppendNumber(Number number, std::string* out) {
  char text[32];
  const auto result = std::to_chars(text, text + sizeof(text), number);
  out->append(text, result.ptr);
}

}  // namespace

void LogValue::AppendJson(std::string* out) const {
  if (const auto* text = std::get_if<std::string_view>(&value_)) {
    AppendJsonString(text->substr(0, kMaxTextBytes), out);
  } else if (const auto* boolean = std::get_if<bool>(&value_)) {
    *out += *boolean ? "true" : "false";
  } else if (const auto* real = std::get_if<double>(&value_)) {
    std::isfinite(*real) ? AppendNumber(*real, out) : void(*out += "null");
  } else if (const auto* integer = std::get_if<int64_t>(&value_)) {
    AppendNumber(*integer, out);
  } else {
    AppendNumber(std::get<uint64_t>(value_), out);
  }
}

std::string FormatLogLine(const LogRecord& record) {
  std::string line = R"({"ts":")";
  AppendTime(record.time, &line);
  line += R"(","level":")";
  line += kLevelNames[static_cast<size_t>(record.level)];
  line += R"(","component":)";
  AppendJsonString(record.component, &line);
  line += R"(,"msg":)";
  AppendJsonString(record.message, &line);
  for (const LogField& field : record.fields) {
    line += ',';
    AppendJsonString(field.key, &line);
    line += ':';
    field.value.AppendJson(&line);
  }
  line += '}';
  return line;
}

}  // namespace sluice
