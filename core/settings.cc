#include "core/settings.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/event.h"
#include "core/listen_address.h"
#include "core/name_pattern.h"
#include "core/quantity.h"
#include "core/route_target.h"
#include "core/signature_algorithm.h"

namespace sluice {
namespace {

using Type = Setting::Type;

constexpr std::string_view kLevelNames[] = {"debug", "info", "warning", "error"};
constexpr std::string_view kStorageNames[] = {"file", "memory"};
constexpr size_t kMaxQuotedBytes = 80;
constexpr size_t kMaxNameBytes = 32;
constexpr size_t kMaxTextBytes = 1'024;

absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }

// The offending text, shortened and with control bytes escaped.
std::string Quote(std::string_view text) {
  return absl::StrCat("\"", absl::CHexEscape(ToAbsl(text.substr(0, kMaxQuotedBytes))),
                      text.size() > kMaxQuotedBytes ? "..." : "", "\"");
}

absl::Status NotAllowed(const Setting& setting, std::string_view text) {
  return absl::InvalidArgumentError(
      absl::StrCat("must be ", AllowedValues(setting), "; got ", Quote(text)));
}

std::optional<uint64_t> ParseCount(std::string_view text) {
  uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return count;
}

std::optional<uint64_t> ParseNumber(Type type, std::string_view text) {
  if (type == Type::kCount) return ParseCount(text);
  if (type == Type::kByteSize) return ParseByteSize(text);
  const std::optional<std::chrono::milliseconds> duration = ParseDuration(text);
  if (!duration) return std::nullopt;
  return static_cast<uint64_t>(duration->count());
}

std::string FormatNumber(Type type, uint64_t number) {
  if (type == Type::kCount) return std::to_string(number);
  if (type == Type::kByteSize) return FormatByteSize(number);
  return FormatDuration(std::chrono::milliseconds(static_cast<int64_t>(number)));
}

// An origin as browsers send it (RFC 6454 section 6.2): scheme, host, port if not the default;
// lower case, nothing behind. `*` and `null` would let every page in.
bool IsOrigin(std::string_view text) {
  std::string_view rest = text;
  for (const auto& [scheme, default_port] :
       {std::pair<std::string_view, std::string_view>("https://", ":443"), {"http://", ":80"}}) {
    if (!text.starts_with(scheme)) continue;
    if (text.ends_with(default_port)) return false;
    rest.remove_prefix(scheme.size());
  }
  if (rest.size() == text.size() || rest.empty()) return false;
  return std::all_of(rest.begin(), rest.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == ':' ||
           c == '[' || c == ']';
  });
}

// nats://host[:port] or tls://host[:port]. A user or password in it would end up in logs.
bool IsServer(std::string_view text) {
  std::string_view rest = text;
  for (std::string_view scheme : {"nats://", "tls://"}) {
    if (text.starts_with(scheme)) rest.remove_prefix(scheme.size());
  }
  if (rest.size() == text.size() || rest.empty()) return false;
  return std::all_of(rest.begin(), rest.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '.' || c == '-' || c == '_' || c == ':' || c == '[' ||
           c == ']';
  });
}

bool IsHttpsUrl(std::string_view text) {
  constexpr std::string_view kScheme = "https://";
  if (text.empty()) return true;  // none
  return text.starts_with(kScheme) && text.size() > kScheme.size() &&
         text.size() <= kMaxTextBytes && std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isgraph(static_cast<unsigned char>(c));
         });
}

// A part of a stream's name and of subjects; in lower case, because the former is in upper case.
bool IsName(std::string_view text) {
  if (text.empty() || text.size() > kMaxNameBytes) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

bool IsText(std::string_view text) {
  return text.size() <= kMaxTextBytes && std::none_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_iscntrl(static_cast<unsigned char>(c));
         });
}

// An empty text is none, whether or not there has to be one: see CheckOptions.
bool IsAllowedText(Type type, std::string_view text) {
  switch (type) {
    case Type::kName:
      return IsName(text);
    case Type::kUrl:
      return IsHttpsUrl(text);
    case Type::kDestination:
      return text.empty() || ValidateChannelName("destination", text).ok();
    case Type::kRouteTarget:
      return text.empty() || RouteTarget::Parse(text).ok();
    case Type::kEventType:
      return ValidateEventType("type", text).ok();
    default:
      return IsText(text);
  }
}

// What each element of a list must be.
bool (*ElementTest(Type type))(std::string_view) {
  switch (type) {
    case Type::kOrigins:
      return IsOrigin;
    case Type::kAlgorithms:
      return [](std::string_view text) { return ParseSignatureAlgorithm(text).has_value(); };
    case Type::kPatterns:
      return [](std::string_view text) { return NamePattern::Parse(text).ok(); };
    default:
      return IsServer;
  }
}

// Reads one text for each kind of place; OK means that `*place` has the value.
class Assigner {
 public:
  Assigner(const Setting& setting, std::string_view text, Options* options)
      : setting_(setting), text_(text), options_(options) {}

  absl::Status operator()(Setting::Place<uint32_t> place) const { return AssignNumber(place); }
  absl::Status operator()(Setting::Place<uint64_t> place) const { return AssignNumber(place); }
  absl::Status operator()(Setting::Place<std::chrono::milliseconds> place) const {
    return AssignNumber(place);
  }
  absl::Status operator()(Setting::Place<bool> place) const {
    if (text_ != "true" && text_ != "false") return NotAllowed(setting_, text_);
    place(*options_) = text_ == "true";
    return absl::OkStatus();
  }
  absl::Status operator()(Setting::Place<std::string> place) const {
    if (setting_.type == Type::kAddress) {
      absl::StatusOr<ListenAddress> address = ListenAddress::Parse(text_);
      if (!address.ok()) return NotAllowed(setting_, text_);
      place(*options_) = address->ToString();
      return absl::OkStatus();
    }
    // A refused secret is not quoted.
    if (setting_.type == Type::kSecret && !IsText(text_)) return NotAllowed(setting_, "...");
    if (!IsAllowedText(setting_.type, text_)) return NotAllowed(setting_, text_);
    place(*options_) = std::string(text_);
    return absl::OkStatus();
  }
  absl::Status operator()(Setting::Place<std::vector<std::string>> place) const {
    const auto is_allowed = ElementTest(setting_.type);
    std::vector<std::string> elements;
    for (absl::string_view part : absl::StrSplit(ToAbsl(text_), ',', absl::SkipWhitespace())) {
      part = absl::StripAsciiWhitespace(part);
      if (!is_allowed({part.data(), part.size()})) {
        return NotAllowed(setting_, {part.data(), part.size()});
      }
      elements.emplace_back(part);
    }
    place(*options_) = std::move(elements);
    return absl::OkStatus();
  }
  absl::Status operator()(Setting::Place<LogLevel> place) const {
    return AssignName(place, kLevelNames);
  }
  absl::Status operator()(Setting::Place<StreamStorage> place) const {
    return AssignName(place, kStorageNames);
  }

 private:
  // One of the names, which are in the order of T's enumerators.
  template <typename T, size_t kCount>
  absl::Status AssignName(Setting::Place<T> place, const std::string_view (&names)[kCount]) const {
    const auto* const name = std::find(std::begin(names), std::end(names), text_);
    if (name == std::end(names)) return NotAllowed(setting_, text_);
    place(*options_) = static_cast<T>(name - std::begin(names));
    return absl::OkStatus();
  }
  template <typename T>
  absl::Status AssignNumber(Setting::Place<T> place) const {
    const std::optional<uint64_t> number = ParseNumber(setting_.type, text_);
    if (!number) return NotAllowed(setting_, text_);
    const bool in_range = *number >= setting_.min && *number <= setting_.max;
    const bool is_zero = *number == 0 && !setting_.zero_means.empty();
    if (!in_range && !is_zero) return NotAllowed(setting_, text_);
    place(*options_) = static_cast<T>(*number);
    return absl::OkStatus();
  }

  const Setting& setting_;
  const std::string_view text_;
  Options* const options_;
};

// The reverse, for each kind of value.
struct ValueFormatter {
  Type type;
  std::string operator()(uint64_t number) const { return FormatNumber(type, number); }
  std::string operator()(uint32_t number) const { return FormatNumber(type, number); }
  std::string operator()(std::chrono::milliseconds value) const { return FormatDuration(value); }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(const std::string& value) const { return value; }
  std::string operator()(const std::vector<std::string>& value) const {
    return absl::StrJoin(value, ",");
  }
  std::string operator()(LogLevel value) const {
    return std::string(kLevelNames[static_cast<size_t>(value)]);
  }
  std::string operator()(StreamStorage value) const {
    return std::string(kStorageNames[static_cast<size_t>(value)]);
  }
};

}  // namespace

std::string EnvironmentName(const Setting& setting) {
  std::string name = absl::StrCat("SLUICE_", absl::AsciiStrToUpper(ToAbsl(setting.key)));
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

std::string AllowedValues(const Setting& setting) {
  switch (setting.type) {
    case Type::kSwitch:
      return "true or false";
    case Type::kAddress:
      return "an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080";
    case Type::kOrigins:
      return "origins such as https://app.example (lower case, no default port, no path, no `*`)";
    case Type::kAlgorithms:
      return "of HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, "
             "ES512, EdDSA";
    case Type::kPatterns:
      return "names, or beginnings of names and `*`, such as orders.*";
    case Type::kServers:
      return "servers such as nats://127.0.0.1:4222 or tls://nats.example:4222";
    case Type::kUrl:
      return "an address that begins with https://";
    case Type::kName:
      return "1 to 32 characters of a-z, 0-9, `-` and `_`";
    case Type::kDestination:
      return "1 to 256 bytes without control characters";
    case Type::kRouteTarget:
      return "topic:NAME, user:NAME or user:{user}";
    case Type::kEventType:
      return "at most 64 bytes without CR, LF and NUL; not connected, gap or closing";
    case Type::kText:
    case Type::kSecret:
      return "at most 1024 bytes without control characters";
    case Type::kLevel:
      return "debug, info, warning or error";
    case Type::kStorage:
      return "file or memory";
    case Type::kDuration:
    case Type::kByteSize:
    case Type::kCount:
      break;
  }
  const std::string_view noun = setting.type == Type::kDuration   ? "a duration"
                                : setting.type == Type::kByteSize ? "a size"
                                                                  : "a whole number";
  std::string text = absl::StrCat(ToAbsl(noun), " from ", FormatNumber(setting.type, setting.min),
                                  " to ", FormatNumber(setting.type, setting.max));
  if (!setting.zero_means.empty()) {
    absl::StrAppend(&text, ", or 0 (", ToAbsl(setting.zero_means), ")");
  }
  return text;
}

std::string ValueText(const Setting& setting, Options options) {
  return std::visit([&](auto place) { return ValueFormatter{setting.type}(place(options)); },
                    setting.place);
}

absl::Status Assign(const Setting& setting, std::string_view text, Options* options) {
  return std::visit(Assigner(setting, text, options), setting.place);
}

}  // namespace sluice
