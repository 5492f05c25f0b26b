#include "edge/sse/sse_codec.h"

#include <array>
#include <charconv>
#include <cstring>

#include "core/check.h"
#include "core/json.h"

namespace sluice::edge {
namespace {

constexpr std::array<std::string_view, 5> kGapReasons = {"", "expired", "epoch", "invalid",
                                                         "overflow"};
constexpr size_t kMaxRequestedCharacters = 64;

// The length of the first line of `text` and the octets up to the next, which is 0 if none follows.
struct Line {
  size_t length;
  size_t next;
};
Line FirstLine(std::string_view text) {
  const size_t end = text.find_first_of("\r\n");
  if (end == std::string_view::npos) return {text.size(), 0};
  const bool crlf = text[end] == '\r' && end + 1 < text.size() && text[end + 1] == '\n';
  return {end, end + (crlf ? 2 : 1)};
}

// Appends to a buffer that is known to be large enough.
class Writer {
 public:
  explicit Writer(char* out) : out_(out) {}
  void Put(std::string_view text) {
    std::memcpy(out_, text.data(), text.size());
    out_ += text.size();
  }
  void Put(char c) { *out_++ = c; }
  char* out() const { return out_; }

 private:
  char* out_;
};

size_t CountLines(std::string_view data) {
  size_t lines = 1;
  for (Line line = FirstLine(data); line.next != 0; line = FirstLine(data)) {
    data.remove_prefix(line.next);
    ++lines;
  }
  return lines;
}

// Other programs may write to the log: a type that would break the block is not sent.
bool IsSendableType(std::string_view type) {
  return !type.empty() && type.find_first_of(std::string_view("\r\n\0", 3)) == type.npos;
}

void AppendBlock(std::string_view event, std::string_view json, std::string* out) {
  *out += "event: ";
  *out += event;
  *out += "\ndata: ";
  *out += json;
  *out += "\n\n";
}

void AppendId(const Cursor& cursor, std::string* out) {
  *out += "id: ";
  *out += cursor.ToString();
  *out += '\n';
}

// The alphabet of cursors is repeated, the rest is not.
std::string Repeatable(std::string_view requested) {
  std::string text(requested.substr(0, kMaxRequestedCharacters));
  for (char& c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!plain && c != '-' && c != '_' && c != '.') c = '?';
  }
  return text;
}

}  // namespace

Frame* EncodeSseEvent(const Epoch& epoch, const Event& event) {
  constexpr std::string_view kId = "id: ";
  constexpr std::string_view kEvent = "\nevent: ";
  constexpr std::string_view kData = "\ndata: ";
  constexpr std::string_view kEnd = "\n\n";

  std::array<char, 20> digits;  // 2^64 - 1
  const auto end = std::to_chars(digits.begin(), digits.end(), event.sequence()).ptr;
  const std::string_view sequence(digits.data(), static_cast<size_t>(end - digits.data()));
  const std::string_view type = IsSendableType(event.type()) ? event.type() : std::string_view();

  std::string_view data = event.data();
  // CRLF takes two octets of data for one line end, so this may be a little too much.
  size_t size = kId.size() + epoch.text().size() + 1 + sequence.size() +
                (type.empty() ? 0 : kEvent.size() + type.size()) + CountLines(data) * kData.size() +
                kEnd.size();
  for (std::string_view rest = data;;) {
    const Line line = FirstLine(rest);
    size += line.length;
    if (line.next == 0) break;
    rest.remove_prefix(line.next);
  }

  Frame* frame = Frame::New(size);
  Writer writer(frame->mutable_data());
  writer.Put(kId);
  writer.Put(epoch.text());
  writer.Put('-');
  writer.Put(sequence);
  if (!type.empty()) {
    writer.Put(kEvent);
    writer.Put(type);
  }
  for (;;) {
    const Line line = FirstLine(data);
    writer.Put(kData);
    writer.Put(data.substr(0, line.length));
    if (line.next == 0) break;
    data.remove_prefix(line.next);
  }
  writer.Put(kEnd);
  SLUICE_DCHECK(writer.out() == frame->mutable_data() + size);
  return frame;
}

std::string SseCursorBlock(const Cursor& cursor) {
  std::string block;
  AppendId(cursor, &block);
  block += '\n';
  return block;
}

std::string SseRetryBlock(std::chrono::milliseconds retry) {
  return "retry: " + std::to_string(retry.count()) + "\n\n";
}

std::string SseConnectedBlock(const Cursor& id, std::string_view user_id, bool resumed) {
  std::string json = R"({"status":"connected","userId":)";
  AppendJsonString(user_id, &json);
  json += resumed ? R"(,"resumed":true})" : R"(,"resumed":false})";
  std::string block;
  AppendId(id, &block);
  AppendBlock("connected", json, &block);
  return block;
}

std::string SseGapBlock(GapReason reason, std::string_view requested, const Cursor& resume_at) {
  std::string json = R"({"reason":")";
  json += GapReasonName(reason);
  json += R"(","requested":")";
  json += Repeatable(requested);
  json += R"(","resumeAt":")";
  json += resume_at.ToString();
  json += R"("})";
  std::string block;
  AppendId(resume_at, &block);
  AppendBlock("gap", json, &block);
  return block;
}

std::string SseClosingBlock(DisconnectReason reason) {
  std::string json = R"({"reason":")";
  json += PolicyOf(reason).label;
  json += R"("})";
  std::string block;
  AppendBlock("closing", json, &block);
  return block;
}

std::string_view GapReasonName(GapReason reason) {
  return kGapReasons[static_cast<size_t>(reason)];
}

}  // namespace sluice::edge
