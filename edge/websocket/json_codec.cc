#include "edge/websocket/json_codec.h"

#include <array>
#include <charconv>

#include <boost/json.hpp>

#include "core/json.h"
#include "edge/auth/json_object.h"
#include "edge/websocket/close_policy.h"
#include "edge/websocket/frame_codec.h"

namespace sluice::edge {
namespace {

namespace json = boost::json;

constexpr size_t kMaxRefBytes = 64;
constexpr std::string_view kUserChannel = R"(,"channel":"user")";

std::string TextFrame(std::string_view payload) {
  return WebSocketFrame(WebSocketOpcode::kText, payload);
}

void AppendMember(std::string_view name, std::string_view value, std::string* out) {
  out->append(",\"").append(name).append("\":");
  AppendJsonString(value, out);
}

void AppendRef(std::string_view ref, std::string* out) {
  if (!ref.empty()) out->append(",\"ref\":").append(ref);
}

void AppendChannel(const ChannelView& channel, std::string* out) {
  if (channel.kind == ChannelKind::kUser) {
    *out += kUserChannel;
    return;
  }
  // No quote is needed between: the name is escaped with its own, whose first goes.
  const size_t begin = out->size() + std::string_view(R"(,"channel":)").size();
  AppendMember("channel", channel.name, out);
  out->insert(begin + 1, "topic:");
}

void AppendEvent(const Epoch& epoch, const Event& event, std::string* out) {
  std::array<char, 20> digits;  // 2^64 - 1
  const auto end = std::to_chars(digits.begin(), digits.end(), event.sequence()).ptr;
  *out += R"({"type":"event","id":")";
  *out += epoch.text();
  *out += '-';
  out->append(digits.data(), static_cast<size_t>(end - digits.data()));
  *out += '"';
  AppendChannel(event.channel(), out);
  if (!event.type().empty()) AppendMember("event", event.type(), out);
  AppendMember("data", event.data(), out);
  *out += '}';
}

std::optional<std::string> ReadRef(const json::object& object) {
  const json::value* ref = object.if_contains("ref");
  if (ref == nullptr) return "";
  if (!ref->is_string() && !ref->is_number()) return std::nullopt;
  std::string text = json::serialize(*ref);
  const size_t bytes = ref->is_string() ? ref->get_string().size() : text.size();
  if (bytes > kMaxRefBytes) return std::nullopt;
  return text;
}

// Reads the member if it is there; false if it is no string.
bool ReadString(const json::object& object, std::string_view name, std::string* value) {
  const json::value* member = object.if_contains(name);
  if (member == nullptr) return true;
  if (!member->is_string()) return false;
  *value = std::string(std::string_view(member->get_string()));
  return true;
}

}  // namespace

std::string_view EncodeJsonEvent(const Epoch& epoch, const Event& event, OctetMemory memory) {
  thread_local std::string text;  // kept for its memory
  text.clear();
  AppendEvent(epoch, event, &text);
  const size_t size = WebSocketHeaderSize(text.size()) + text.size();
  char* const out = memory(size);
  if (out == nullptr) return {};
  char* const payload = WriteWebSocketHeader(WebSocketOpcode::kText, text.size(), out);
  text.copy(payload, text.size());
  return {out, size};
}

std::string JsonConnected(const Cursor& id, std::string_view user_id, bool resumed,
                          std::string_view connection_id) {
  std::string text = R"({"type":"connected","id":")" + id.ToString() + '"';
  AppendMember("userId", user_id, &text);
  text += resumed ? R"(,"resumed":true)" : R"(,"resumed":false)";
  if (!connection_id.empty()) AppendMember("connectionId", connection_id, &text);
  return TextFrame(text + '}');
}

std::string JsonGap(GapReason reason, std::string_view requested, const Cursor& resume_at,
                    std::string_view topic) {
  std::string text = R"({"type":"gap")";
  if (!topic.empty()) AppendChannel(ChannelView::Topic(topic), &text);
  AppendMember("reason", GapReasonName(reason), &text);
  AppendMember("requested", RepeatableCursor(requested), &text);
  AppendMember("resumeAt", resume_at.ToString(), &text);
  return TextFrame(text + '}');
}

std::string JsonCursor(const Cursor& cursor) {
  return TextFrame(R"({"type":"cursor","id":")" + cursor.ToString() + "\"}");
}

std::string JsonClosing(DisconnectReason reason) {
  std::string text = R"({"type":"closing")";
  AppendMember("reason", PolicyOf(reason).label, &text);
  return TextFrame(text + '}') + WebSocketCloseFrame(CloseCodeOf(reason), PolicyOf(reason).label);
}

std::string JsonOk(std::string_view ref) {
  std::string text = R"({"type":"ok")";
  AppendRef(ref, &text);
  return TextFrame(text + '}');
}

std::string JsonError(std::string_view ref, std::string_view code, std::string_view message) {
  std::string text = R"({"type":"error")";
  AppendRef(ref, &text);
  AppendMember("code", code, &text);
  AppendMember("message", message, &text);
  return TextFrame(text + '}');
}

ParsedJsonRequest ParseJsonRequest(std::string_view text) {
  ParsedJsonRequest parsed;
  const std::optional<json::object> object = ParseStrictObject(text);
  if (!object) {
    parsed.error = "not a JSON object, too deep, or a member twice";
    return parsed;
  }
  JsonRequest& request = parsed.request;
  std::optional<std::string> ref = ReadRef(*object);
  if (!ref) {
    parsed.error = "ref must be a string or a number of at most 64 octets";
    return parsed;
  }
  request.ref = *std::move(ref);
  std::string after;
  const struct {
    std::string_view name;
    std::string* value;
  } members[] = {{"type", &request.type},   {"topic", &request.topic},
                 {"after", &after},         {"from", &request.from},
                 {"data", &request.data},   {"destination", &request.destination},
                 {"event", &request.event}, {"token", &request.token}};
  for (const auto& [name, value] : members) {
    if (ReadString(*object, name, value)) continue;
    parsed.error = std::string(name) + " must be a string";
    return parsed;
  }
  if (object->contains("after")) request.after = std::move(after);
  return parsed;
}

}  // namespace sluice::edge
