#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::edge {

// Judges UTF-8 that comes in pieces, as soon as an octet is wrong. Overlong forms, surrogates and
// what is above U+10FFFF are wrong. Source: RFC 3629 section 4. Thread: one.
class Utf8Validator {
 public:
  // False: the text so far is not the beginning of any UTF-8. Final.
  bool Feed(std::string_view octets);
  // True if no character is left incomplete.
  bool is_complete() const { return missing_ == 0; }
  void Reset() { *this = Utf8Validator(); }

 private:
  bool Begin(uint8_t octet);

  uint8_t missing_ = 0;  // octets of the current character
  uint8_t least_ = 0x80;
  uint8_t most_ = 0xbf;  // of the next of them
};

}  // namespace sluice::edge
