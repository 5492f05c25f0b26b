#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::bench {

// Builds one flat JSON object and prints it as one line on stdout, which is how the tools talk to
// the driver. Thread: one.
class JsonLine {
 public:
  explicit JsonLine(std::string_view kind) { Add("kind", kind); }

  // Field names are literals of ours and need no escaping; values are escaped.
  JsonLine& Add(std::string_view name, std::string_view value);
  JsonLine& Add(std::string_view name, double value);
  template <std::integral T>
  JsonLine& Add(std::string_view name, T value) {
    return AddRaw(name, std::to_string(value));
  }

  void Print() const;

 private:
  JsonLine& AddRaw(std::string_view name, std::string_view value);

  std::string fields_;
};

}  // namespace sluice::bench
