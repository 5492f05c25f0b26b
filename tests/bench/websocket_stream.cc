#include "tests/bench/websocket_stream.h"

#include <algorithm>
#include <cstdint>

namespace sluice::bench {
namespace {

constexpr uint8_t kText = 0x81;
constexpr uint8_t kClose = 0x88;
constexpr uint8_t kMasked = 0x80;

// The octets behind `key` up to the next quote; empty if it is not there.
std::string_view StringMember(std::string_view text, std::string_view key) {
  const size_t begin = text.find(key);
  if (begin == std::string_view::npos) return {};
  text.remove_prefix(begin + key.size());
  return text.substr(0, text.find('"'));
}

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

size_t WebSocketStream::TakeBlock(std::string_view bytes, StreamBlock* block) {
  if (bytes.size() < 2) return 0;
  const auto octet = [bytes](size_t index) { return static_cast<uint8_t>(bytes[index]); };
  uint64_t size = octet(1);
  size_t header = 2;
  if (size >= 126) {
    header += size == 126 ? 2 : 8;
    if (bytes.size() < header) return 0;
    size = 0;
    for (size_t i = 2; i < header; ++i) size = size << 8 | octet(i);
  }
  if (bytes.size() - header < size) return 0;
  const std::string_view payload = bytes.substr(header, size);
  if (octet(0) == kText) {
    TakeText(payload, block);
  } else if (octet(0) != kClose) {
    Break();
  }
  return header + size;
}

void WebSocketStream::Say(std::string_view text) {
  std::string frame(1, static_cast<char>(kText));
  if (text.size() < 126) {
    frame += static_cast<char>(kMasked | text.size());
  } else {
    frame += static_cast<char>(kMasked | 126);
    frame += static_cast<char>(text.size() >> 8);
    frame += static_cast<char>(text.size() & 0xff);
  }
  frame.append(4, '\0').append(text);
  Reply(frame);
}

void JsonStream::TakeText(std::string_view text, StreamBlock* block) {
  const std::string_view type = StringMember(text, R"({"type":")");
  block->id = StringMember(text, R"("id":")");
  if (type == "connected" || type == "gap" || type == "closing") {
    block->event = type;
    if (type == "gap") block->id = StringMember(text, R"("resumeAt":")");
    block->data = text;
    block->has_data = true;
    return;
  }
  if (type == "cursor") return;
  constexpr std::string_view kData = R"("data":")";
  const size_t begin = text.find(kData);
  if (type != "event" || begin == std::string_view::npos || !text.ends_with("\"}")) return Break();
  block->event = StringMember(text, R"("event":")");
  text = text.substr(begin + kData.size());
  text.remove_suffix(2);
  data_.clear();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    data_ += text[i];
  }
  block->data = data_;
  block->has_data = true;
}

void StompStream::OnHead() {
  Say(std::string("CONNECT\naccept-version:1.2\nheart-beat:0,0\n\n") + '\0');
}

// In one piece, so that the edge reads them as one and sends all that they ask for in order.
void StompStream::Subscribe() {
  const auto subscribe = [this](size_t id, const std::string& destination, std::string_view more) {
    std::string frame = "SUBSCRIBE\nid:" + std::to_string(id) + "\ndestination:" + destination;
    frame += "\nlast-event-id:" + begin_;
    Say(frame.append(more) + "\n\n" + '\0');
  };
  subscribe(0, "/user/queue", "\nreceipt:ready");
  for (size_t i = 0; i < start_.topics.size(); ++i) {
    subscribe(i + 1, "/topic/" + start_.topics[i], "");
  }
}

void StompStream::TakeText(std::string_view text, StreamBlock* block) {
  if (text.starts_with('\n')) return;  // heart-beat
  const size_t end = text.find("\n\n");
  if (end == std::string_view::npos || !text.ends_with('\0')) return Break();
  const std::string_view head = text.substr(0, end);
  if (head.starts_with("CONNECTED\n")) {
    const bool resumes = !start_.cursor.empty();
    begin_ = resumes ? start_.cursor : HeaderValue(head, "last-event-id");
    connected_ = std::string(R"({"userId":")").append(HeaderValue(head, "user-name"));
    connected_ += resumes ? R"(","resumed":true})" : R"(","resumed":false})";
    Subscribe();
  } else if (head.starts_with("RECEIPT\n")) {
    *block = {.id = begin_, .event = "connected", .data = connected_, .has_data = true};
  } else if (head.starts_with("MESSAGE\n")) {
    TakeMessage(head, text.substr(end + 2, text.size() - end - 3), block);
  } else if (head.starts_with("ERROR\n")) {
    closing_ = std::string(R"({"reason":")").append(HeaderValue(head, "message")) + "\"}";
    *block = {.event = "closing", .data = closing_, .has_data = true};
  } else {
    Break();
  }
}

void StompStream::TakeMessage(std::string_view head, std::string_view body, StreamBlock* block) {
  const std::string_view id = HeaderValue(head, "message-id");
  const std::string_view type = HeaderValue(head, "type");
  if (type == "gap" && gap_ == id) return;  // of another subscription
  gap_ = type == "gap" ? id : std::string_view();
  *block = {.id = id, .event = type, .data = body, .has_data = true};
}

}  // namespace sluice::bench
