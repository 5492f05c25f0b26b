#include "edge/sse/sse_codec.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "core/check.h"
#include "core/json.h"

namespace sluice::edge {
namespace {

constexpr std::string_view kId = "id: ";
constexpr std::string_view kEvent = "\nevent: ";
constexpr std::string_view kData = "\ndata: ";
constexpr std::string_view kEnd = "\n\n";

// Splits data at CR, LF and CRLF; there is at least one line. Each kind of end is sought with
// memchr and again only once it is passed, so that data of any shape is looked at about twice.
class Lines {
 public:
  explicit Lines(std::string_view data) : data_(data), cr_(Find('\r')), lf_(Find('\n')) {}

  bool Next(std::string_view* line) {
    if (ended_) return false;
    if (cr_ < begin_) cr_ = Find('\r');
    if (lf_ < begin_) lf_ = Find('\n');
    const size_t end = std::min(cr_, lf_);
    *line = data_.substr(begin_, end - begin_);
    ended_ = end == data_.size();
    const bool is_crlf = lf_ == cr_ + 1 && lf_ < data_.size();
    begin_ = end + (is_crlf ? 2 : 1);
    return true;
  }

 private:
  size_t Find(char c) const { return std::min(data_.find(c, begin_), data_.size()); }

  const std::string_view data_;
  size_t begin_ = 0;  // of the next line
  size_t cr_;         // the first of each at or after it, or the size
  size_t lf_;
  bool ended_ = false;
};

// Appends to a buffer that is known to be large enough.
class Writer {
 public:
  explicit Writer(char* out) : out_(out) {}
  void Put(std::string_view text) {
    std::memcpy(out_, text.data(), text.size());
    out_ += text.size();
  }
  char* out() const { return out_; }

 private:
  char* out_;
};

// Other programs may write to the log: a type that would break the block is not sent.
std::string_view SendableType(const Event& event) {
  const bool breaks =
      std::ranges::any_of(event.type(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
  return breaks ? std::string_view() : event.type();
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

}  // namespace

std::string_view EncodeSseEvent(const Epoch& epoch, const Event& event, OctetMemory memory) {
  std::array<char, 20> digits;  // 2^64 - 1
  const auto end = std::to_chars(digits.begin(), digits.end(), event.sequence()).ptr;
  const std::string_view sequence(digits.data(), static_cast<size_t>(end - digits.data()));
  const std::string_view type = SendableType(event);
  size_t size = kId.size() + epoch.text().size() + 1 + sequence.size() +
                (type.empty() ? 0 : kEvent.size() + type.size()) + kEnd.size();
  std::string_view line;
  for (Lines lines(event.data()); lines.Next(&line);) size += kData.size() + line.size();

  char* const out = memory(size);
  if (out == nullptr) return {};
  Writer writer(out);
  writer.Put(kId);
  writer.Put(epoch.text());
  writer.Put("-");
  writer.Put(sequence);
  if (!type.empty()) {
    writer.Put(kEvent);
    writer.Put(type);
  }
  for (Lines lines(event.data()); lines.Next(&line);) {
    writer.Put(kData);
    writer.Put(line);
  }
  writer.Put(kEnd);
  SLUICE_DCHECK(writer.out() == out + size);
  return {out, size};
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

std::string SseConnectedBlock(const Cursor& id, std::string_view user_id, bool resumed,
                              std::string_view connection_id) {
  std::string json = R"({"status":"connected","userId":)";
  AppendJsonString(user_id, &json);
  json += resumed ? R"(,"resumed":true)" : R"(,"resumed":false)";
  if (!connection_id.empty()) {
    json += R"(,"connectionId":)";
    AppendJsonString(connection_id, &json);
  }
  json += '}';
  std::string block;
  AppendId(id, &block);
  AppendBlock("connected", json, &block);
  return block;
}

std::string SseGapBlock(GapReason reason, std::string_view requested, const Cursor& resume_at) {
  std::string json = R"({"reason":")";
  json += GapReasonName(reason);
  json += R"(","requested":")";
  json += RepeatableCursor(requested);
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

}  // namespace sluice::edge
