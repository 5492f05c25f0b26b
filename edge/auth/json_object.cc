#include "edge/auth/json_object.h"

#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>

#include "absl/strings/escaping.h"

namespace sluice::edge {
namespace {

namespace json = boost::json;

constexpr size_t kMaxDepth = 16;

// Counts the members of all objects of a text, as they are written.
struct MemberCounter {
  static constexpr size_t max_object_size = SIZE_MAX;
  static constexpr size_t max_array_size = SIZE_MAX;
  static constexpr size_t max_key_size = SIZE_MAX;
  static constexpr size_t max_string_size = SIZE_MAX;
  using Error = json::error_code;

  bool on_document_begin(Error&) { return true; }
  bool on_document_end(Error&) { return true; }
  bool on_object_begin(Error&) { return true; }
  bool on_object_end(size_t, Error&) { return true; }
  bool on_array_begin(Error&) { return true; }
  bool on_array_end(size_t, Error&) { return true; }
  bool on_key_part(json::string_view, size_t, Error&) { return true; }
  bool on_key(json::string_view, size_t, Error&) {
    ++count;
    return true;
  }
  bool on_string_part(json::string_view, size_t, Error&) { return true; }
  bool on_string(json::string_view, size_t, Error&) { return true; }
  bool on_number_part(json::string_view, Error&) { return true; }
  bool on_int64(int64_t, json::string_view, Error&) { return true; }
  bool on_uint64(uint64_t, json::string_view, Error&) { return true; }
  bool on_double(double, json::string_view, Error&) { return true; }
  bool on_bool(bool, Error&) { return true; }
  bool on_null(Error&) { return true; }
  bool on_comment_part(json::string_view, Error&) { return true; }
  bool on_comment(json::string_view, Error&) { return true; }

  size_t count = 0;
};

size_t CountMembers(const json::value& value) {
  size_t count = 0;
  if (const json::object* object = value.if_object()) {
    count = object->size();
    for (const auto& member : *object) count += CountMembers(member.value());
  } else if (const json::array* array = value.if_array()) {
    for (const json::value& element : *array) count += CountMembers(element);
  }
  return count;
}

size_t CountWrittenMembers(std::string_view text, const json::parse_options& options) {
  json::basic_parser<MemberCounter> parser(options);
  json::error_code error;
  parser.write_some(false, text.data(), text.size(), error);
  return parser.handler().count;
}

}  // namespace

std::optional<json::object> ParseStrictObject(std::string_view text) {
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::error_code error;
  json::value value = json::parse({text.data(), text.size()}, error, {}, options);
  if (error || !value.is_object()) return std::nullopt;
  if (CountMembers(value) != CountWrittenMembers(text, options)) return std::nullopt;
  return std::move(value.get_object());
}

std::optional<std::string> StringMember(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains({name.data(), name.size()});
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string(value->get_string().data(), value->get_string().size());
}

std::optional<std::string> DecodeBase64Url(std::string_view text) {
  const absl::string_view encoded(text.data(), text.size());
  std::string octets;
  // Abseil also takes padding, blanks and unused bits: only what it would write itself counts.
  if (!absl::WebSafeBase64Unescape(encoded, &octets)) return std::nullopt;
  if (absl::WebSafeBase64Escape(octets) != encoded) return std::nullopt;
  return octets;
}

}  // namespace sluice::edge
