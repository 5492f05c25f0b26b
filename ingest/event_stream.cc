#include "ingest/event_stream.h"

#include <boost/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "ingest/event_subject.h"

namespace sluice::ingest {
namespace {

// How long the server keeps a consumer whose inbox nobody listens to.
constexpr std::chrono::nanoseconds kConsumerIdleTime = std::chrono::seconds(10);

boost::json::string_view ToJson(std::string_view text) { return {text.data(), text.size()}; }

StreamSettings Settings(const LogOptions& log, const NatsOptions& nats, LogContent content) {
  return {
      .name = absl::StrCat("SLUICE_", absl::AsciiStrToUpper(nats.name_space),
                           content == LogContent::kEvents ? "_EVENTS" : "_REVOCATIONS"),
      .subjects = EventSubject(nats.name_space, content).Wildcard(),
      .retention = "limits",
      .discard = "old",
      .storage = nats.storage == StreamStorage::kFile ? "file" : "memory",
      .replicas = nats.replicas,
      .max_age = log.retention.max_age,
      .max_bytes = static_cast<int64_t>(log.retention.max_bytes),
      .max_messages_per_subject = static_cast<int64_t>(log.retention.max_events_per_channel),
      .duplicate_window = log.idempotency_window,
  };
}

}  // namespace

EventStream::EventStream(const LogOptions& log, const NatsOptions& nats, LogContent content)
    : JetstreamStream(Settings(log, nats, content)),
      nats_(nats),
      subject_(nats.name_space, content) {}

std::string EventStream::ConsumerRequest(std::string_view consumer, std::string_view deliver_to,
                                         uint64_t first_sequence,
                                         std::chrono::nanoseconds heartbeat) const {
  boost::json::object config{
      {"name", ToJson(consumer)},
      {"deliver_subject", ToJson(deliver_to)},
      {"deliver_policy", "by_start_sequence"},
      {"opt_start_seq", first_sequence},
      {"ack_policy", "none"},
      {"max_deliver", 1},
      {"replay_policy", "instant"},
      {"flow_control", true},
      {"idle_heartbeat", heartbeat.count()},
      {"inactive_threshold", kConsumerIdleTime.count()},
      {"mem_storage", true},
      {"num_replicas", 1},
  };
  return boost::json::serialize(
      boost::json::object{{"stream_name", name()}, {"config", std::move(config)}});
}

}  // namespace sluice::ingest
