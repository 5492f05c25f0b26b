#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::app {

// One event as an EventSource would dispatch it.
struct SseEvent {
  std::string id;    // the last one seen when the event ended
  std::string type;  // `message` if the stream names none
  std::string data;
};

// The reader of `text/event-stream`: bytes in any portions in, events out. Source: WHATWG HTML,
// "Interpreting an event stream". Thread: one at a time.
class SseParser {
 public:
  using OnEvent = std::function<void(const SseEvent&)>;
  static constexpr size_t kMaxEventBytes = 4u << 20;  // of one line, and of one event's data

  explicit SseParser(OnEvent on_event) : on_event_(std::move(on_event)) {}

  // False if the stream exceeds kMaxEventBytes; the rest of it is not to be fed.
  bool Feed(std::string_view bytes);
  // Forgets what is unfinished, as at the end of a connection. The last id and `retry` stay.
  void EndStream();

  // Where to resume: the id of the last block that has ended.
  const std::string& last_event_id() const { return last_event_id_; }
  std::optional<std::chrono::milliseconds> retry() const { return retry_; }

 private:
  void EndLine();
  void EndBlock();
  void Field(std::string_view name, std::string_view value);

  const OnEvent on_event_;
  bool at_start_ = true;  // a byte order mark may follow
  bool after_cr_ = false;
  std::string line_;
  std::string id_;  // of the block that has not ended
  std::string type_;
  std::string data_;
  std::string last_event_id_;
  std::optional<std::chrono::milliseconds> retry_;
};

}  // namespace sluice::app
