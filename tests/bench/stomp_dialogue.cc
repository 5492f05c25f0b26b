#include "tests/bench/stomp_dialogue.h"

#include <algorithm>

namespace sluice::bench {
namespace {

// The value of a header of a STOMP frame; empty if it has none.
std::string_view HeaderValue(std::string_view head, std::string_view name) {
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find('\n'));
    head.remove_prefix(std::min(line.size() + 1, head.size()));
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == ':') {
      return line.substr(name.size() + 1);
    }
  }
  return {};
}

}  // namespace

StompDialogue::StompDialogue(StreamStart start)
    : start_(std::move(start)),
      frames_{std::string("CONNECT\naccept-version:1.2\nheart-beat:0,0\n\n") + '\0'} {}

void StompDialogue::Subscribe() {
  const auto subscribe = [this](size_t id, const std::string& destination, std::string_view more) {
    std::string frame = "SUBSCRIBE\nid:" + std::to_string(id) + "\ndestination:" + destination;
    frame += "\nlast-event-id:" + begin_;
    frames_.push_back(frame.append(more) + "\n\n" + '\0');
  };
  subscribe(0, "/user/queue", "\nreceipt:ready");
  for (size_t i = 0; i < start_.topics.size(); ++i) {
    subscribe(i + 1, "/topic/" + start_.topics[i], "");
  }
}

bool StompDialogue::Take(std::string_view frame, StreamBlock* block) {
  if (frame.starts_with('\n')) return true;  // heart-beat
  const size_t end = frame.find("\n\n");
  if (end == std::string_view::npos || !frame.ends_with('\0')) return false;
  const std::string_view head = frame.substr(0, end);
  if (head.starts_with("CONNECTED\n")) {
    const bool resumes = !start_.cursor.empty();
    begin_ = resumes ? start_.cursor : HeaderValue(head, "last-event-id");
    connected_ = std::string(R"({"userId":")").append(HeaderValue(head, "user-name"));
    connected_ += resumes ? R"(","resumed":true})" : R"(","resumed":false})";
    Subscribe();
  } else if (head.starts_with("RECEIPT\n")) {
    block->id = begin_;
    block->event = "connected";
    block->data = connected_;
    block->has_data = true;
  } else if (head.starts_with("MESSAGE\n")) {
    TakeMessage(head, frame.substr(end + 2, frame.size() - end - 3), block);
  } else if (head.starts_with("ERROR\n")) {
    closing_ = std::string(R"({"reason":")").append(HeaderValue(head, "message")) + "\"}";
    block->event = "closing";
    block->data = closing_;
    block->has_data = true;
  } else {
    return false;
  }
  return true;
}

void StompDialogue::TakeMessage(std::string_view head, std::string_view body, StreamBlock* block) {
  const std::string_view id = HeaderValue(head, "message-id");
  const std::string_view type = HeaderValue(head, "type");
  if (type == "gap" && gap_ == id) return;  // of another subscription
  gap_ = type == "gap" ? id : std::string_view();
  block->id = id;
  block->event = type;
  block->data = body;
  block->has_data = true;
}

}  // namespace sluice::bench
