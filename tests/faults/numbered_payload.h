#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::faults {

// The data of a published event: its number and whom it is for, so that whoever receives it can say
// which publish it came from.
//   {"n":17,"to":"u3"}
struct NumberedPayload {
  uint64_t number = 0;
  std::string_view target;

  std::string Write() const;
  // False if `data` was not written by Write. The target points into `data`.
  static bool Read(std::string_view data, NumberedPayload* payload);
};

// The string value of `name` in a flat JSON object without escapes, or empty.
std::string_view StringField(std::string_view object, std::string_view name);

}  // namespace sluice::faults
