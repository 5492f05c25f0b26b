#include "ingest/client_message_stream.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <boost/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "ingest/event_subject.h"

namespace sluice::ingest {
namespace {

constexpr const char* kUserHeader = "Sluice-User";
constexpr const char* kConnectionHeader = "Sluice-Connection";
constexpr const char* kTimeHeader = "Sluice-Time";
constexpr std::chrono::seconds kMinIdleTime{30};

std::string Prefix(const NatsOptions& nats) {
  return absl::StrCat("sluice.", nats.name_space, ".in.");
}

StreamSettings Settings(const ClientMessageOptions& options, const NatsOptions& nats) {
  return {
      .name = absl::StrCat("SLUICE_", absl::AsciiStrToUpper(nats.name_space), "_INBOX"),
      .subjects = Prefix(nats) + ">",
      .retention = "workqueue",
      .discard = "new",  // a full queue refuses
      .storage = nats.storage == StreamStorage::kFile ? "file" : "memory",
      .replicas = nats.replicas,
      .max_age = options.max_age,
      .max_bytes = static_cast<int64_t>(options.max_bytes),
      .max_messages = static_cast<int64_t>(options.max_messages),
      // Not used; the server wants one that is not longer than max_age.
      .duplicate_window =
          std::min<std::chrono::milliseconds>(options.max_age, std::chrono::seconds(1)),
  };
}

// FNV-1a, 64 bits: the same in every process and version.
uint64_t Hash(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

// Each token of a dotted name written as `transform` has it; nullopt if it cannot.
template <typename Transform>
std::optional<std::string> MapTokens(std::string_view name, Transform transform) {
  std::string mapped;
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('.', begin), name.size());
    const std::optional<std::string> token = transform(name.substr(begin, end - begin));
    if (!token) return std::nullopt;
    if (begin > 0) mapped += '.';
    mapped += *token;
    begin = end + 1;
  }
  return mapped;
}

std::string EncodeTokens(std::string_view name) {
  return *MapTokens(
      name, [](std::string_view token) { return std::optional<std::string>(EncodeToken(token)); });
}

// `<partition>.<destination>` without the partition.
std::optional<std::string> DecodeDestination(std::string_view rest) {
  const size_t dot = rest.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  return MapTokens(rest.substr(dot + 1), [](std::string_view token) { return DecodeToken(token); });
}

WallTime TimeOf(const NatsMessage& message) {
  const std::string_view text = message.Header(kTimeHeader).value_or("");
  int64_t ns = 0;
  std::from_chars(text.data(), text.data() + text.size(), ns);
  return WallTime{std::chrono::duration_cast<WallTime::duration>(std::chrono::nanoseconds(ns))};
}

}  // namespace

ClientMessageStream::ClientMessageStream(const ClientMessageOptions& options,
                                         const NatsOptions& nats)
    : JetstreamStream(Settings(options, nats)),
      options_(options),
      nats_(nats),
      prefix_(Prefix(nats)) {}

uint32_t ClientMessageStream::PartitionOf(std::string_view user_id) {
  return static_cast<uint32_t>(Hash(user_id) % kPartitions);
}

std::string ClientMessageStream::Subject(const ClientMessage& message) const {
  return absl::StrCat(prefix_, PartitionOf(message.user_id), ".",
                      EncodeTokens(message.destination));
}

std::vector<NatsHeader> ClientMessageStream::Headers(const ClientMessage& message) {
  const auto ns =
      std::chrono::duration_cast<std::chrono::nanoseconds>(message.time.time_since_epoch());
  std::vector<NatsHeader> headers{{kUserHeader, EncodeToken(message.user_id)},
                                  {kTimeHeader, std::to_string(ns.count())}};
  if (!message.connection.empty()) {
    headers.push_back({kConnectionHeader, EncodeToken(message.connection)});
  }
  return headers;
}

absl::StatusOr<ClientMessage> ClientMessageStream::Parse(const NatsMessage& message) const {
  std::string_view subject = message.subject();
  if (!subject.starts_with(prefix_)) return absl::InvalidArgumentError("not our subject");
  subject.remove_prefix(prefix_.size());
  std::optional<std::string> destination = DecodeDestination(subject);
  std::optional<std::string> user_id = DecodeToken(message.Header(kUserHeader).value_or(""));
  if (!destination || !user_id) return absl::InvalidArgumentError("no destination or no user");
  const auto connection = message.Header(kConnectionHeader);
  ClientMessage result{.user_id = *std::move(user_id),
                       .destination = *std::move(destination),
                       .data = std::string(message.data()),
                       .time = TimeOf(message),
                       .connection = connection ? DecodeToken(*connection).value_or("") : ""};
  SLUICE_RETURN_IF_ERROR(ValidateClientMessage(result));
  return result;
}

std::string ClientMessageStream::ConsumerPrefix(const ReceiverOptions& options) {
  return absl::StrCat(options.group, "-",
                      absl::Hex(Hash(options.destinations.ToString()), absl::kZeroPad16), "-");
}

std::string ClientMessageStream::Filter(const NamePattern& destinations) {
  std::string pattern = destinations.ToString();
  if (!pattern.ends_with('*')) return EncodeTokens(pattern);
  pattern.pop_back();
  if (pattern.empty()) return ">";
  pattern.pop_back();  // the dot: no token of it is empty, see ValidateReceiver
  return EncodeTokens(pattern) + ".>";
}

std::chrono::milliseconds ClientMessageStream::idle_time() const {
  return std::max<std::chrono::milliseconds>(kMinIdleTime, 2 * options_.ack_wait);
}

std::string ClientMessageStream::ConsumerRequest(std::string_view consumer,
                                                 const NamePattern& destinations,
                                                 uint32_t partition) const {
  const auto ns = [](std::chrono::milliseconds time) {
    return std::chrono::nanoseconds(time).count();
  };
  boost::json::object config{
      {"durable_name", boost::json::string_view(consumer.data(), consumer.size())},
      {"filter_subject", absl::StrCat(prefix_, partition, ".", Filter(destinations))},
      {"deliver_policy", "all"},
      {"ack_policy", "explicit"},
      {"ack_wait", ns(options_.ack_wait)},
      {"max_ack_pending", 1},
      {"max_deliver", -1},
      {"replay_policy", "instant"},
      {"inactive_threshold", ns(idle_time())},
  };
  return boost::json::serialize(
      boost::json::object{{"stream_name", name()}, {"config", std::move(config)}});
}

std::string ClientMessageStream::PullRequest(std::chrono::nanoseconds expires) {
  return absl::StrCat("{\"batch\":1,\"expires\":", expires.count(), "}");
}

}  // namespace sluice::ingest
