#include "tests/bench/websocket_stream.h"

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

}  // namespace

bool WebSocketStream::TakeBlock(std::string_view bytes, StreamBlock* block) {
  if (bytes.size() < 2) return false;
  const auto octet = [bytes](size_t index) { return static_cast<uint8_t>(bytes[index]); };
  uint64_t size = octet(1);
  size_t header = 2;
  if (size >= 126) {
    header += size == 126 ? 2 : 8;
    if (bytes.size() < header) return false;
    size = 0;
    for (size_t i = 2; i < header; ++i) size = size << 8 | octet(i);
  }
  if (bytes.size() - header < size) return false;
  const std::string_view payload = bytes.substr(header, size);
  block->octets = header + size;
  if (octet(0) == kText) {
    TakeText(payload, block);
  } else if (octet(0) != kClose) {
    Break();
  }
  return true;
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

void StompStream::OnHead(std::string_view) { SayAll(); }

void StompStream::TakeText(std::string_view text, StreamBlock* block) {
  if (!dialogue_.Take(text, block)) return Break();
  SayAll();
}

void StompStream::SayAll() {
  for (const std::string& frame : dialogue_.TakeFrames()) Say(frame);
}

}  // namespace sluice::bench
