#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::edge {

// The parameters of a query string, decoded, in order. Source: WHATWG URL, "urlencoded parsing",
// but a broken escape is an error instead of text. Thread: any.
class Query {
 public:
  // nullopt: a `%` that is not followed by two hexadecimal digits.
  static std::optional<Query> Parse(std::string_view text);

  // The first value of `name`, nullptr if absent.
  const std::string* Find(std::string_view name) const;
  std::vector<std::string_view> All(std::string_view name) const;

 private:
  struct Parameter {
    std::string name;
    std::string value;
  };
  std::vector<Parameter> parameters_;
};

}  // namespace sluice::edge
