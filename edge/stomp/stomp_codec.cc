#include "edge/stomp/stomp_codec.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "edge/stomp/stomp_destination.h"
#include "edge/websocket/frame_codec.h"

namespace sluice::edge {
namespace {

constexpr std::string_view kMessage = "MESSAGE\nsubscription:";
constexpr std::string_view kAck = "\nack:";

bool IsEscapeOf(StompVersion version, char c) {
  return c == 'n' || c == 'c' || c == '\\' || (c == 'r' && version == StompVersion::k12);
}

char Unescaped(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 'c':
      return ':';
    default:
      return c;
  }
}

// nullopt: an escape that the version does not have.
std::optional<std::string> Unescape(std::string_view text, StompVersion version) {
  std::string plain;
  plain.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      plain += text[i];
      continue;
    }
    if (++i == text.size() || !IsEscapeOf(version, text[i])) return std::nullopt;
    plain += Unescaped(text[i]);
  }
  return plain;
}

std::string_view WithoutCarriageReturn(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// Where the head ends: behind its empty line; npos if that has not come.
size_t EndOfHead(std::string_view octets) {
  size_t begin = 0;
  while (true) {
    const size_t end = octets.find('\n', begin);
    if (end == std::string_view::npos) return end;
    if (WithoutCarriageReturn(octets.substr(begin, end - begin)).empty()) return end + 1;
    begin = end + 1;
  }
}

bool ReadLength(std::string_view text, uint64_t* length) {
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, *length);
  return !text.empty() && error == std::errc() && rest == end;
}

}  // namespace

const std::string* StompFrame::Find(std::string_view name) const {
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [name](const auto& header) { return header.first == name; });
  return found == headers.end() ? nullptr : &found->second;
}

std::string_view StompFrame::Value(std::string_view name) const {
  const std::string* value = Find(name);
  return value == nullptr ? std::string_view() : *value;
}

std::optional<std::string> StompReader::Feed(std::string_view octets,
                                             absl::FunctionRef<bool(const StompFrame&)> on_frame) {
  held_ += octets;
  std::string_view rest = held_;
  std::optional<std::string> error;
  bool goes_on = true;
  while (goes_on && !error) {
    rest.remove_prefix(std::min(rest.find_first_not_of("\r\n"), rest.size()));
    StompFrame frame;
    size_t size = 0;
    error = rest.empty() ? std::nullopt : ParseFrame(rest, &frame, &size);
    if (error || size == 0) break;
    rest.remove_prefix(size);
    goes_on = on_frame(frame);
  }
  if (rest.empty()) {
    held_ = std::string();
  } else {
    held_.erase(0, held_.size() - rest.size());
  }
  return error;
}

std::optional<std::string> StompReader::ParseFrame(std::string_view octets, StompFrame* frame,
                                                   size_t* size) const {
  const size_t head_end = EndOfHead(octets.substr(0, limits_.head_bytes));
  if (head_end == std::string_view::npos) {
    if (octets.substr(0, limits_.head_bytes).find('\0') != std::string_view::npos) {
      return "a NUL in the headers";
    }
    if (octets.size() >= limits_.head_bytes) return "the headers are too large";
    return std::nullopt;
  }
  if (auto error = ParseHead(octets.substr(0, head_end), frame)) return error;
  const std::string_view body = octets.substr(head_end);
  uint64_t length = 0;
  if (const std::string* text = frame->Find("content-length")) {
    if (!ReadLength(*text, &length)) return "content-length is no number";
    if (length > limits_.body_bytes) return "the body is too large";
    if (body.size() <= length) return std::nullopt;
    if (body[length] != '\0') return "no NUL behind the body";
  } else {
    length = body.find('\0');
    if (std::min<size_t>(length, body.size()) > limits_.body_bytes) return "the body is too large";
    if (length == std::string_view::npos) return std::nullopt;
  }
  frame->body = std::string(body.substr(0, length));
  *size = head_end + length + 1;
  return std::nullopt;
}

std::optional<std::string> StompReader::ParseHead(std::string_view head, StompFrame* frame) const {
  if (head.find('\0') != std::string_view::npos) return "a NUL in the headers";
  bool is_first = true;
  while (!head.empty()) {
    const size_t end = head.find('\n');
    const std::string_view line = WithoutCarriageReturn(head.substr(0, end));
    head.remove_prefix(end + 1);
    if (is_first) {
      frame->command = std::string(line);
      is_first = false;
    } else if (!line.empty()) {
      if (frame->headers.size() == limits_.headers) return "too many headers";
      if (auto error = AddHeader(line, frame)) return error;
    }
  }
  return std::nullopt;
}

std::optional<std::string> StompReader::AddHeader(std::string_view line, StompFrame* frame) const {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return "a header without a name or a colon";
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = line.substr(colon + 1);
  const bool is_connect = frame->command == "CONNECT" || frame->command == "STOMP";
  if (is_connect || !version_ || *version_ == StompVersion::k10) {
    frame->headers.emplace_back(name, value);
    return std::nullopt;
  }
  auto plain_name = Unescape(name, *version_);
  auto plain_value = Unescape(value, *version_);
  if (!plain_name || !plain_value) return "an escape that does not exist";
  frame->headers.emplace_back(*std::move(plain_name), *std::move(plain_value));
  return std::nullopt;
}

std::string EscapeStompHeader(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\n') {
      escaped += "\\n";
    } else if (c == '\r') {
      escaped += "\\r";
    } else if (c == ':') {
      escaped += "\\c";
    } else if (c == '\\') {
      escaped += "\\\\";
    } else if (c != '\0') {
      escaped += c;
    }
  }
  return escaped;
}

std::string EchoStompHeader(std::string_view text, StompVersion version) {
  return version == StompVersion::k10 ? std::string(text) : EscapeStompHeader(text);
}

std::string StompReceipt(std::string_view receipt_id, StompVersion version) {
  std::string frame = "RECEIPT\nreceipt-id:" + EchoStompHeader(receipt_id, version) + "\n\n";
  frame += '\0';
  return frame;
}

std::string StompServerFrame(std::string_view command, const StompHeaders& headers,
                             std::string_view body) {
  std::string frame(command);
  frame += '\n';
  // "Value Encoding": CONNECTED has no escapes, for clients of 1.0. What it says has no line ends.
  const bool escapes = command != "CONNECTED";
  for (const auto& [name, value] : headers) {
    frame.append(name).append(":").append(escapes ? EscapeStompHeader(value) : value).append("\n");
  }
  if (!body.empty()) frame += "content-length:" + std::to_string(body.size()) + '\n';
  frame += '\n';
  frame += body;
  frame += '\0';
  return frame;
}

std::string_view EncodeStompEvent(const Epoch& epoch, const Event& event, OctetMemory memory) {
  thread_local std::string text;  // kept for its memory
  text.clear();
  std::array<char, 20> digits;  // 2^64 - 1
  const auto end = std::to_chars(digits.begin(), digits.end(), event.sequence()).ptr;
  text += "message-id:";
  text += epoch.text();
  text += '-';
  text.append(digits.data(), static_cast<size_t>(end - digits.data()));
  text += "\ndestination:";
  text += EscapeStompHeader(StompDestinationOf(event));
  if (!event.type().empty()) text += "\ntype:" + EscapeStompHeader(event.type());
  text += "\ncontent-length:";
  const auto length = std::to_chars(digits.begin(), digits.end(), event.data().size()).ptr;
  text.append(digits.data(), static_cast<size_t>(length - digits.data()));
  text += "\n\n";
  text += event.data();
  text += '\0';
  char* const out = memory(text.size());
  if (out == nullptr) return {};
  text.copy(out, text.size());
  return {out, text.size()};
}

std::string_view EncodeStompPrefix(std::string_view subscription, std::string_view ack,
                                   size_t shared_bytes, OctetMemory memory) {
  const std::string_view ack_name = ack.empty() ? "" : kAck;
  const std::string_view parts[] = {kMessage, subscription, ack_name, ack, "\n"};
  size_t begin = 0;
  for (const std::string_view part : parts) begin += part.size();
  const size_t header = WebSocketHeaderSize(begin + shared_bytes);
  char* const out = memory(header + begin);
  if (out == nullptr) return {};
  char* place = WriteWebSocketHeader(WebSocketOpcode::kText, begin + shared_bytes, out);
  for (const std::string_view part : parts) {
    if (part.empty()) continue;
    std::memcpy(place, part.data(), part.size());
    place += part.size();
  }
  return {out, header + begin};
}

std::string StompGap(std::string_view subscription, std::string_view ack,
                     std::string_view destination, GapReason reason, std::string_view requested,
                     const Cursor& resume_at) {
  std::string body = R"({"reason":")";
  body += GapReasonName(reason);
  body += R"(","requested":")" + RepeatableCursor(requested);
  body += R"(","resumeAt":")" + resume_at.ToString() + "\"}";
  const std::string frame = StompServerFrame("MESSAGE",
                                             {{"message-id", resume_at.ToString()},
                                              {"destination", std::string(destination)},
                                              {"type", "gap"}},
                                             body);
  std::string message(kMessage);
  message.append(subscription);
  if (!ack.empty()) message.append(kAck).append(ack);
  return message.append(frame, frame.find('\n'));
}

}  // namespace sluice::edge
