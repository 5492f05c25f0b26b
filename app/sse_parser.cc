#include "app/sse_parser.h"

#include <charconv>
#include <utility>

namespace sluice::app {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

bool SseParser::Feed(std::string_view bytes) {
  while (!bytes.empty()) {
    if (std::exchange(after_cr_, false) && bytes[0] == '\n') {
      bytes.remove_prefix(1);  // the second half of a CRLF
      continue;
    }
    const size_t end = bytes.find_first_of("\r\n");
    line_ += bytes.substr(0, end);
    if (line_.size() + data_.size() > kMaxEventBytes) return false;
    if (end == std::string_view::npos) break;
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    EndLine();
  }
  return true;
}

void SseParser::EndStream() {
  at_start_ = true;
  after_cr_ = false;
  line_.clear();
  type_.clear();
  data_.clear();
  id_ = last_event_id_;
}

void SseParser::EndLine() {
  std::string_view line = line_;
  if (std::exchange(at_start_, false) && line.starts_with(kByteOrderMark)) {
    line.remove_prefix(kByteOrderMark.size());
  }
  if (line.empty()) {
    EndBlock();
  } else if (const size_t colon = line.find(':'); colon != 0) {
    std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    Field(line.substr(0, colon), value);
  }
  line_.clear();
}

void SseParser::Field(std::string_view name, std::string_view value) {
  if (name == "data") {
    data_.append(value).append(1, '\n');
  } else if (name == "event") {
    type_ = value;
  } else if (name == "id") {
    if (value.find('\0') == std::string_view::npos) id_ = value;
  } else if (name == "retry") {
    int64_t ms = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), ms);
    const bool is_number = error == std::errc() && end == value.data() + value.size() && ms >= 0;
    if (is_number && value[0] != '-') retry_ = std::chrono::milliseconds(ms);
  }
}

void SseParser::EndBlock() {
  last_event_id_ = id_;
  std::string type = std::exchange(type_, "");
  std::string data = std::exchange(data_, "");
  if (data.empty()) return;
  data.pop_back();
  on_event_({last_event_id_, type.empty() ? "message" : std::move(type), std::move(data)});
}

}  // namespace sluice::app
