#include "ingest/stream_state.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include <boost/json.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "core/status.h"
#include "ingest/jetstream_answer.h"

namespace sluice::ingest {
namespace {

namespace json = boost::json;

// A leader hears from each replica every second.
constexpr std::chrono::nanoseconds kReplicaPatience = std::chrono::seconds(5);

constexpr std::string_view kIncarnation = "incarnation ";

std::string Text(const json::object& object, const char* name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return "";
  return std::string(value->get_string().data(), value->get_string().size());
}

// Numbers of the API are within int64; what is absent is 0, as in the server.
int64_t Number(const json::object& object, const char* name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr) return 0;
  boost::json::error_code error;
  const auto number = value->to_number<int64_t>(error);
  return error ? 0 : number;
}

uint64_t Sequence(const json::object& object, const char* name) {
  return static_cast<uint64_t>(std::max<int64_t>(Number(object, name), 0));
}

bool Flag(const json::object& object, const char* name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::string Subjects(const json::object& config) {
  const json::value* value = config.if_contains("subjects");
  if (value == nullptr || !value->is_array()) return "";
  std::vector<std::string> subjects;
  for (const json::value& subject : value->get_array()) {
    if (subject.is_string()) subjects.emplace_back(subject.get_string().c_str());
  }
  return absl::StrJoin(subjects, ",");
}

// Nanoseconds as seconds, which people read.
std::string Seconds(int64_t ns) { return absl::StrCat(static_cast<double>(ns) / 1e9, "s"); }

// `answer`: with the cluster as the server sees it that gave it, if it is one of a cluster.
bool IsCutOff(const json::object& answer) {
  const json::value* cluster = answer.if_contains("cluster");
  if (cluster == nullptr || !cluster->is_object()) return false;
  const json::value* others = cluster->get_object().if_contains("replicas");
  if (others == nullptr || !others->is_array() || others->get_array().empty()) return false;
  if (Text(cluster->get_object(), "leader").empty()) return true;
  const json::array& replicas = others->get_array();
  const auto silent = std::count_if(replicas.begin(), replicas.end(), [](const json::value& each) {
    return each.is_object() && Number(each.get_object(), "active") > kReplicaPatience.count();
  });
  // The leader is not among them.
  return static_cast<size_t>(silent) * 2 > replicas.size();
}

}  // namespace

absl::StatusOr<StreamState> StreamState::Parse(std::string_view answer) {
  SLUICE_ASSIGN_OR_RETURN(const json::object parsed, ParseJetstreamAnswer(answer));
  const json::value* config_value = parsed.if_contains("config");
  const json::value* state_value = parsed.if_contains("state");
  absl::Time created;
  std::string error;
  if (config_value == nullptr || !config_value->is_object() || state_value == nullptr ||
      !state_value->is_object() ||
      !absl::ParseTime(absl::RFC3339_full, Text(parsed, "created"), &created, &error)) {
    return absl::InternalError("JetStream: not the description of a stream");
  }
  const json::object& config = config_value->get_object();
  const json::object& state = state_value->get_object();
  StreamState result;
  result.first_sequence_ = std::max<uint64_t>(Sequence(state, "first_seq"), 1);
  result.last_sequence_ = Sequence(state, "last_seq");
  result.messages_ = Sequence(state, "messages");
  result.bytes_ = Sequence(state, "bytes");
  result.created_ns_ = static_cast<uint64_t>(absl::ToUnixNanos(created));
  result.description_ = Text(config, "description");
  result.subjects_ = Subjects(config);
  result.retention_ = Text(config, "retention");
  result.discard_ = Text(config, "discard");
  result.storage_ = Text(config, "storage");
  result.replicas_ = Number(config, "num_replicas");
  result.max_age_ns_ = Number(config, "max_age");
  result.max_bytes_ = Number(config, "max_bytes");
  result.max_messages_ = Number(config, "max_msgs");
  result.max_messages_per_subject_ = Number(config, "max_msgs_per_subject");
  result.duplicate_window_ns_ = Number(config, "duplicate_window");
  result.no_ack_ = Flag(config, "no_ack");
  result.sealed_ = Flag(config, "sealed");
  result.is_cut_off_ = IsCutOff(parsed);
  return result;
}

std::vector<std::string> StreamState::Contradictions(const JetstreamStream& wanted) const {
  std::vector<std::string> found;
  const auto compare = [&found](const char* what, const auto& is, const auto& should) {
    if (is != should) found.push_back(absl::StrCat(what, " is ", is, ", not ", should));
  };
  const StreamSettings& settings = wanted.settings();
  const auto ns = [](std::chrono::milliseconds time) {
    return Seconds(std::chrono::nanoseconds(time).count());
  };
  compare("subjects", subjects_, settings.subjects);
  compare("retention", retention_, settings.retention);
  compare("discard", discard_, settings.discard);
  compare("storage", storage_, settings.storage);
  compare("num_replicas", replicas_, settings.replicas);
  compare("max_age", Seconds(max_age_ns_), ns(settings.max_age));
  compare("max_bytes", max_bytes_, settings.max_bytes);
  compare("max_msgs", max_messages_, settings.max_messages);
  compare("max_msgs_per_subject", max_messages_per_subject_, settings.max_messages_per_subject);
  compare("duplicate_window", Seconds(duplicate_window_ns_), ns(settings.duplicate_window));
  compare("no_ack", no_ack_, false);
  compare("sealed", sealed_, false);
  return found;
}

Epoch StreamState::epoch() const {
  uint64_t noted_ns = 0;
  const std::string_view description = description_;
  if (description.starts_with(kIncarnation)) {
    const std::string_view digits = description.substr(kIncarnation.size());
    std::from_chars(digits.data(), digits.data() + digits.size(), noted_ns);
  }
  // Whoever notes a creation does it by a clock of its own.
  constexpr uint64_t kMaxSkewNs = 60'000'000'000;
  return Epoch::FromNumber(noted_ns + kMaxSkewNs >= created_ns_ ? noted_ns : created_ns_);
}

std::string IncarnationNote(WallTime now) {
  const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch());
  return absl::StrCat(absl::string_view(kIncarnation.data(), kIncarnation.size()), ns.count());
}

}  // namespace sluice::ingest
