#include "ingest/presence_message.h"

#include <utility>

#include <boost/json.hpp>

namespace sluice::ingest {
namespace {

namespace json = boost::json;

constexpr size_t kMaxEdgeBytes = 32;

std::optional<json::object> ParseObject(std::string_view text) {
  json::error_code error;
  json::value value = json::parse({text.data(), text.size()}, error);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

const json::array* ArrayMember(const json::object& object, const char* name) {
  const json::value* const value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_array();
}

std::optional<std::string> EdgeOf(const json::object& object) {
  const json::value* const value = object.if_contains("edge");
  if (value == nullptr || !value->is_string()) return std::nullopt;
  const std::string_view edge(value->get_string().data(), value->get_string().size());
  if (edge.empty() || edge.size() > kMaxEdgeBytes ||
      edge.find_first_not_of("0123456789abcdef") != std::string_view::npos) {
    return std::nullopt;
  }
  return std::string(edge);
}

}  // namespace

std::string PresenceQuestion::ToJson() const {
  json::array names;
  names.reserve(users.size());
  for (const std::string& user : users) names.emplace_back(user);
  return json::serialize(json::object{{"users", std::move(names)}});
}

std::optional<PresenceQuestion> PresenceQuestion::FromJson(std::string_view text) {
  const std::optional<json::object> object = ParseObject(text);
  if (!object) return std::nullopt;
  const json::array* const names = ArrayMember(*object, "users");
  if (names == nullptr) return std::nullopt;
  PresenceQuestion question;
  question.users.reserve(names->size());
  for (const json::value& name : *names) {
    if (!name.is_string()) return std::nullopt;
    question.users.emplace_back(name.get_string().data(), name.get_string().size());
  }
  return question;
}

std::string EdgeCounts::ToJson() const {
  json::array counts;
  counts.reserve(sessions.size());
  for (const uint32_t count : sessions) counts.emplace_back(count);
  return json::serialize(json::object{{"edge", edge}, {"sessions", std::move(counts)}});
}

std::optional<EdgeCounts> EdgeCounts::FromJson(std::string_view text) {
  const std::optional<json::object> object = ParseObject(text);
  if (!object) return std::nullopt;
  std::optional<std::string> edge = EdgeOf(*object);
  const json::array* const counts = ArrayMember(*object, "sessions");
  if (!edge || counts == nullptr) return std::nullopt;
  EdgeCounts answer{.edge = *std::move(edge), .sessions = {}};
  answer.sessions.reserve(counts->size());
  for (const json::value& count : *counts) {
    json::error_code error;
    answer.sessions.push_back(count.to_number<uint32_t>(error));
    if (error) return std::nullopt;
  }
  return answer;
}

std::string EdgeBeacon::ToJson() const {
  return json::serialize(json::object{{"edge", edge}, {"leaves", leaves}});
}

std::optional<EdgeBeacon> EdgeBeacon::FromJson(std::string_view text) {
  const std::optional<json::object> object = ParseObject(text);
  if (!object) return std::nullopt;
  std::optional<std::string> edge = EdgeOf(*object);
  const json::value* const leaves = object->if_contains("leaves");
  if (!edge || leaves == nullptr || !leaves->is_bool()) return std::nullopt;
  return EdgeBeacon{.edge = *std::move(edge), .leaves = leaves->get_bool()};
}

}  // namespace sluice::ingest
