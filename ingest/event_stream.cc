#include "ingest/event_stream.h"

#include <boost/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "ingest/event_subject.h"

namespace sluice::ingest {
namespace {

// How long the server keeps a consumer whose inbox nobody listens to.
constexpr std::chrono::nanoseconds kConsumerIdleTime = std::chrono::seconds(10);

int64_t Nanoseconds(std::chrono::milliseconds time) {
  return std::chrono::nanoseconds(time).count();
}

absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }

boost::json::string_view ToJson(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

EventStream::EventStream(const LogOptions& log, const NatsOptions& nats)
    : log_(log),
      nats_(nats),
      name_(absl::StrCat("SLUICE_", absl::AsciiStrToUpper(nats.name_space), "_EVENTS")),
      subjects_(EventSubject(nats.name_space).Wildcard()) {}

std::string EventStream::RequestSubject(std::string_view verb) const {
  return absl::StrCat("$JS.API.STREAM.", ToAbsl(verb), ".", name_);
}

std::string EventStream::AdvisorySubject() const {
  return absl::StrCat("$JS.EVENT.ADVISORY.STREAM.*.", name_);
}

std::string EventStream::ConfigRequest(std::string_view description) const {
  const RetentionOptions& retention = log_.retention;
  boost::json::object config{
      {"name", name_},
      {"description", ToJson(description)},
      {"subjects", boost::json::array{subjects_}},
      {"retention", "limits"},
      {"discard", "old"},
      {"storage", nats_.storage == StreamStorage::kFile ? "file" : "memory"},
      {"num_replicas", nats_.replicas},
      {"max_age", Nanoseconds(retention.max_age)},
      {"max_bytes", retention.max_bytes},
      {"max_msgs", -1},
      {"max_msgs_per_subject", retention.max_events_per_channel},
      {"max_consumers", -1},
      {"max_msg_size", -1},
      {"duplicate_window", Nanoseconds(log_.idempotency_window)},
  };
  return boost::json::serialize(config);
}

std::string EventStream::ConsumerSubject(std::string_view verb, std::string_view consumer) const {
  return absl::StrCat("$JS.API.CONSUMER.", ToAbsl(verb), ".", name_, ".", ToAbsl(consumer));
}

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
      boost::json::object{{"stream_name", name_}, {"config", std::move(config)}});
}

}  // namespace sluice::ingest
