#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

// What an EventSource fires.
struct SseMessage {
  std::string last_event_id;
  std::string type;  // "message" unless the block says otherwise
  std::string data;
  friend bool operator==(const SseMessage&, const SseMessage&) = default;
  friend std::ostream& operator<<(std::ostream& out, const SseMessage& message) {
    return out << message.last_event_id << '|' << message.type << '|' << message.data;
  }
};

// Reads an event stream as a browser does, from the text of the standard and not from our writer.
// Source: WHATWG HTML 9.2.6 "Interpreting an event stream", without the decoding of UTF-8.
std::vector<SseMessage> ParseSse(std::string_view stream);

}  // namespace sluice
