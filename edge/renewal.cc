#include "edge/renewal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <utility>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "edge/auth/json_object.h"

namespace sluice::edge {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, kRenewalResults> kResultNames = {
    "renewed", "no_session", "not_granted", "revoked", "unreachable"};
constexpr size_t kMaxPartBytes = 32;

bool IsHex(std::string_view text) {
  return !text.empty() && text.size() <= kMaxPartBytes &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

template <typename Number>
bool ReadNumber(std::string_view text, int base, Number* number) {
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, *number, base);
  return error == std::errc() && rest == end && !text.starts_with('-');
}

int64_t Nanoseconds(WallTime time) { return time.time_since_epoch().count(); }

bool ReadTime(const json::object& object, std::string_view name, WallTime* time) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_int64()) return false;
  *time = WallTime(WallTime::duration(value->get_int64()));
  return true;
}

bool ReadPatterns(const json::object& object, std::string_view name,
                  std::vector<NamePattern>* patterns) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_array()) return false;
  for (const json::value& each : value->get_array()) {
    if (!each.is_string()) return false;
    auto pattern = NamePattern::Parse(std::string_view(each.get_string()));
    if (!pattern.ok()) return false;
    patterns->push_back(*std::move(pattern));
  }
  return true;
}

}  // namespace

std::optional<ConnectionId> ConnectionId::Parse(std::string_view text) {
  const std::vector<std::string> parts =
      absl::StrSplit(absl::string_view(text.data(), text.size()), absl::MaxSplits('-', 4));
  if (parts.size() != 4 || !IsHex(parts[0]) || !IsHex(parts[3])) return std::nullopt;
  ConnectionId id{.edge = std::string(parts[0]), .shard = 0, .fd = 0, .secret = 0};
  if (!ReadNumber(parts[1], 10, &id.shard) || !ReadNumber(parts[2], 10, &id.fd) ||
      !ReadNumber(parts[3], 16, &id.secret)) {
    return std::nullopt;
  }
  return id;
}

std::string ConnectionId::ToString() const {
  return absl::StrCat(edge, "-", shard, "-", fd, "-", absl::Hex(secret, absl::kZeroPad16));
}

std::string Renewal::ToJson() const {
  json::array topics;
  for (const NamePattern& topic : identity.topics) topics.emplace_back(topic.ToString());
  json::array publish;
  for (const NamePattern& topic : identity.publish) publish.emplace_back(topic.ToString());
  const json::object object = {{"connection", connection.ToString()},
                               {"user", identity.user_id},
                               {"token", identity.token_id},
                               {"topics", std::move(topics)},
                               {"publish", std::move(publish)},
                               {"issued", Nanoseconds(identity.issued)},
                               {"expires", Nanoseconds(identity.expires)}};
  return json::serialize(object);
}

std::optional<Renewal> Renewal::FromJson(std::string_view text) {
  const std::optional<json::object> object = ParseStrictObject(text);
  if (!object) return std::nullopt;
  std::optional<std::string> connection = StringMember(*object, "connection");
  std::optional<std::string> user = StringMember(*object, "user");
  std::optional<std::string> token = StringMember(*object, "token");
  if (!connection || !user || !token) return std::nullopt;
  std::optional<ConnectionId> id = ConnectionId::Parse(*connection);
  if (!id) return std::nullopt;
  Renewal renewal{.connection = *std::move(id), .identity = {}};
  Identity& identity = renewal.identity;
  identity.user_id = *std::move(user);
  identity.token_id = *std::move(token);
  // An edge of an earlier version does not say what may be published to.
  if (object->contains("publish") && !ReadPatterns(*object, "publish", &identity.publish)) {
    return std::nullopt;
  }
  if (!ReadPatterns(*object, "topics", &identity.topics) ||
      !ReadTime(*object, "issued", &identity.issued) ||
      !ReadTime(*object, "expires", &identity.expires)) {
    return std::nullopt;
  }
  return renewal;
}

std::string_view RenewalResultName(RenewalResult result) {
  return kResultNames[static_cast<size_t>(result)];
}

std::optional<RenewalResult> ParseRenewalResult(std::string_view name) {
  const auto found = std::find(kResultNames.begin(), kResultNames.end(), name);
  if (found == kResultNames.end()) return std::nullopt;
  return static_cast<RenewalResult>(found - kResultNames.begin());
}

}  // namespace sluice::edge
