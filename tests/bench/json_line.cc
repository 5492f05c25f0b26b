#include "tests/bench/json_line.h"

#include <cstdio>

namespace sluice::bench {

JsonLine& JsonLine::Add(std::string_view name, std::string_view value) {
  std::string quoted = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", c);
      quoted += escape;
    } else {
      quoted += c;
    }
  }
  quoted += '"';
  return AddRaw(name, quoted);
}

JsonLine& JsonLine::Add(std::string_view name, double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.9g", value);
  return AddRaw(name, text);
}

JsonLine& JsonLine::AddRaw(std::string_view name, std::string_view value) {
  if (!fields_.empty()) fields_ += ',';
  fields_ += '"';
  fields_ += name;
  fields_ += "\":";
  fields_ += value;
  return *this;
}

void JsonLine::Print() const {
  std::printf("{%s}\n", fields_.c_str());
  std::fflush(stdout);
}

}  // namespace sluice::bench
