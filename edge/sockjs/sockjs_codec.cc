#include "edge/sockjs/sockjs_codec.h"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <utility>

#include "core/utf8.h"

namespace sluice::edge {
namespace {

namespace json = boost::json;

constexpr std::string_view kExpected = "Payload expected.";
constexpr std::string_view kBroken = "Broken JSON encoding.";
constexpr size_t kMaxDepth = 4;

void AppendUnit(uint32_t unit, std::string* out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  *out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) *out += kHex[unit >> shift & 15];
}

bool IsEscaped(uint32_t point) {
  return (point >= 0x200C && point <= 0x200F) || (point >= 0x2028 && point <= 0x202F) ||
         (point >= 0x2060 && point <= 0x206F) || point >= 0xFFF0;
}

// Of a well-formed sequence.
uint32_t CodePoint(std::string_view sequence) {
  const auto first = static_cast<uint8_t>(sequence[0]);
  uint32_t point = sequence.size() == 1 ? first : first & (0x7Fu >> sequence.size());
  for (const char c : sequence.substr(1)) point = point << 6 | (static_cast<uint8_t>(c) & 0x3Fu);
  return point;
}

void AppendAscii(char c, std::string* out) {
  if (c == '"' || c == '\\') {
    *out += '\\';
    *out += c;
  } else if (c == '\n') {
    *out += "\\n";
  } else if (static_cast<uint8_t>(c) < 0x20) {
    AppendUnit(static_cast<uint8_t>(c), out);
  } else {
    *out += c;
  }
}

void AppendBeyondAscii(std::string_view sequence, std::string* out) {
  const uint32_t point = CodePoint(sequence);
  if (!IsEscaped(point)) {
    *out += sequence;
  } else if (point <= 0xFFFF) {
    AppendUnit(point, out);
  } else {
    AppendUnit(0xD800 + ((point - 0x10000) >> 10), out);
    AppendUnit(0xDC00 + ((point - 0x10000) & 0x3FF), out);
  }
}

}  // namespace

void AppendSockJsString(std::string_view text, std::string* out) {
  *out += '"';
  while (!text.empty()) {
    const size_t length = Utf8SequenceLength(text);
    if (length == 0) {
      *out += "\\ufffd";
      text.remove_prefix(1);
      continue;
    }
    if (length == 1) {
      AppendAscii(text[0], out);
    } else {
      AppendBeyondAscii(text.substr(0, length), out);
    }
    text.remove_prefix(length);
  }
  *out += '"';
}

void SockJsMessageFrame::Add(std::string_view message) {
  frame_ += frame_.empty() ? "a[" : ",";
  AppendSockJsString(message, &frame_);
}

std::string SockJsMessageFrame::Take() {
  std::string frame = std::exchange(frame_, std::string());
  frame += ']';
  return frame;
}

std::string SockJsCloseFrame(uint16_t code, std::string_view reason) {
  std::string frame = "c[" + std::to_string(code) + ',';
  AppendSockJsString(reason, &frame);
  return frame + ']';
}

ParsedSockJsMessages ParseSockJsMessages(std::string_view body) {
  ParsedSockJsMessages parsed;
  if (body.empty()) {
    parsed.error = kExpected;
    return parsed;
  }
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::error_code error;
  const json::value value =
      json::parse({body.data(), body.size()}, error, json::storage_ptr(), options);
  if (error) {
    parsed.error = kBroken;
    return parsed;
  }
  if (value.is_string()) {
    parsed.messages.emplace_back(value.get_string());
    return parsed;
  }
  if (!value.is_array()) {
    parsed.error = kExpected;
    return parsed;
  }
  for (const json::value& each : value.get_array()) {
    if (!each.is_string()) {
      parsed.messages.clear();
      parsed.error = kExpected;
      return parsed;
    }
    parsed.messages.emplace_back(each.get_string());
  }
  return parsed;
}

}  // namespace sluice::edge
