#include "core/json.h"

#include <algorithm>
#include <cstdint>

#include "core/utf8.h"

namespace sluice {
namespace {

void AppendEscaped(uint8_t octet, std::string* out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (octet) {
    case '"':
      *out += "\\\"";
      return;
    case '\\':
      *out += "\\\\";
      return;
    case '\n':
      *out += "\\n";
      return;
    case '\r':
      *out += "\\r";
      return;
    case '\t':
      *out += "\\t";
      return;
    default:
      *out += "\\u00";
      *out += kHex[octet >> 4];
      *out += kHex[octet & 15];
  }
}

// How many octets at the front are ASCII that needs no escape.
size_t PlainPrefix(std::string_view text) {
  const auto is_plain = [](char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; };
  return static_cast<size_t>(std::find_if_not(text.begin(), text.end(), is_plain) - text.begin());
}

}  // namespace

void AppendJsonString(std::string_view text, std::string* out) {
  *out += '"';
  while (!text.empty()) {
    const size_t plain = PlainPrefix(text);
    out->append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const auto octet = static_cast<uint8_t>(text[0]);
    const size_t length = Utf8SequenceLength(text);
    if (length == 0) {
      *out += "\xEF\xBF\xBD";
      text.remove_prefix(1);
      continue;
    }
    if (octet < 0x20 || octet == '"' || octet == '\\' || octet == 0x7F) {
      AppendEscaped(octet, out);
    } else if (octet == 0xC2 && static_cast<uint8_t>(text[1]) < 0xA0) {
      AppendEscaped(static_cast<uint8_t>(text[1]), out);  // U+0080-009F, which terminals obey too
    } else if (const auto point = text.substr(0, length);
               point == "\xE2\x80\xA8" || point == "\xE2\x80\xA9") {
      *out += point.back() == '\xA8' ? "\\u2028" : "\\u2029";
    } else {
      *out += point;
    }
    text.remove_prefix(length);
  }
  *out += '"';
}

}  // namespace sluice
