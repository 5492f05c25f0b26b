#include "tests/sse_parser.h"

namespace sluice {
namespace {

// Takes one line off `stream`; CR, LF and CRLF end it. False if no line end is left: what follows
// the last one is not processed.
bool TakeLine(std::string_view* stream, std::string_view* line) {
  const size_t end = stream->find_first_of("\r\n");
  if (end == std::string_view::npos) return false;
  *line = stream->substr(0, end);
  stream->remove_prefix(end + (stream->substr(end, 2) == "\r\n" ? 2 : 1));
  return true;
}

// The buffers of the standard's algorithm.
class EventStream {
 public:
  explicit EventStream(std::vector<SseMessage>* messages) : messages_(*messages) {}

  void ProcessLine(std::string_view line) {
    if (line.empty()) return Dispatch();
    const size_t colon = line.find(':');
    if (colon == 0) return;
    if (colon == std::string_view::npos) return ProcessField(line, "");
    std::string_view value = line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    ProcessField(line.substr(0, colon), value);
  }

 private:
  void ProcessField(std::string_view name, std::string_view value) {
    if (name == "event") {
      type_ = value;
    } else if (name == "data") {
      data_ += value;
      data_ += '\n';
    } else if (name == "id" && value.find('\0') == std::string_view::npos) {
      last_event_id_ = value;
    }
  }

  void Dispatch() {
    if (!data_.empty()) {
      data_.pop_back();
      messages_.push_back({last_event_id_, type_.empty() ? "message" : type_, data_});
    }
    data_.clear();
    type_.clear();
  }

  std::vector<SseMessage>& messages_;
  std::string last_event_id_;
  std::string type_;
  std::string data_;
};

}  // namespace

std::vector<SseMessage> ParseSse(std::string_view stream) {
  std::vector<SseMessage> messages;
  EventStream reader(&messages);
  if (stream.starts_with("\xEF\xBB\xBF")) stream.remove_prefix(3);
  std::string_view line;
  while (TakeLine(&stream, &line)) reader.ProcessLine(line);
  return messages;
}

}  // namespace sluice
