#include "tests/bench/sockjs_frame.h"

#include <charconv>

namespace sluice::bench {
namespace {

constexpr uint32_t kFirstHigh = 0xd800, kFirstLow = 0xdc00, kBehindLow = 0xe000;

void AppendUtf8(uint32_t code, std::string* out) {
  const auto append = [out](uint32_t octet) { *out += static_cast<char>(octet); };
  const auto follow = [&append, code](int shift) { append(0x80 | (code >> shift & 0x3f)); };
  if (code < 0x80) {
    append(code);
  } else if (code < 0x800) {
    append(0xc0 | code >> 6);
    follow(0);
  } else if (code < 0x10000) {
    append(0xe0 | code >> 12);
    follow(6);
    follow(0);
  } else {
    append(0xf0 | code >> 18);
    follow(12);
    follow(6);
    follow(0);
  }
}

// Reads JSON from the front of `text`, which it takes away; each returns whether it was there.
class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  bool at_end() const { return text_.empty(); }

  bool Take(char expected) {
    if (!text_.starts_with(expected)) return false;
    text_.remove_prefix(1);
    return true;
  }

  bool TakeString(std::string* value) {
    if (!Take('"')) return false;
    while (true) {
      const size_t plain = text_.find_first_of("\"\\");
      if (plain == std::string_view::npos) return false;
      value->append(text_.substr(0, plain));
      text_.remove_prefix(plain);
      if (Take('"')) return true;
      text_.remove_prefix(1);
      if (!TakeEscape(value)) return false;
    }
  }

 private:
  // Behind the backslash.
  bool TakeEscape(std::string* value) {
    constexpr std::string_view kNames = "\"\\/bfnrt", kMeanings = "\"\\/\b\f\n\r\t";
    uint32_t code = 0, low = 0;
    if (!Take('u')) {
      const size_t found = text_.empty() ? std::string_view::npos : kNames.find(text_[0]);
      if (found == std::string_view::npos) return false;
      *value += kMeanings[found];
      text_.remove_prefix(1);
      return true;
    }
    if (!TakeHex(&code)) return false;
    if (code >= kFirstHigh && code < kBehindLow) {
      if (code >= kFirstLow || !Take('\\') || !Take('u') || !TakeHex(&low)) return false;
      if (low < kFirstLow || low >= kBehindLow) return false;
      code = 0x10000 + ((code - kFirstHigh) << 10 | (low - kFirstLow));
    }
    AppendUtf8(code, value);
    return true;
  }

  bool TakeHex(uint32_t* value) {
    if (text_.size() < 4) return false;
    const char* const end = text_.data() + 4;
    const auto parsed = std::from_chars(text_.data(), end, *value, 16);
    text_.remove_prefix(4);
    return parsed.ec == std::errc() && parsed.ptr == end;
  }

  std::string_view text_;
};

}  // namespace

std::optional<SockJsFrame> SockJsFrame::Read(std::string_view text) {
  if (text == "o") return SockJsFrame{Kind::kOpen};
  if (text == "h") return SockJsFrame{Kind::kHeartbeat};
  if (text.starts_with("c[") && text.ends_with(']')) return SockJsFrame{Kind::kClose};
  JsonReader reader(text);
  if (!reader.Take('a') || !reader.Take('[')) return std::nullopt;
  SockJsFrame frame{Kind::kMessages};
  do {
    if (!reader.TakeString(&frame.messages.emplace_back())) return std::nullopt;
  } while (reader.Take(','));
  if (!reader.Take(']') || !reader.at_end()) return std::nullopt;
  return frame;
}

std::string SockJsBody(const std::vector<std::string>& messages) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string body;
  for (const std::string& message : messages) {
    body += body.empty() ? "[\"" : ",\"";
    for (const char c : message) {
      if (c == '"' || c == '\\') {
        body.append({'\\', c});
      } else if (static_cast<unsigned char>(c) < ' ') {
        body.append("\\u00").append({kHex[c >> 4], kHex[c & 15]});
      } else {
        body += c;
      }
    }
    body += '"';
  }
  return body + ']';
}

}  // namespace sluice::bench
