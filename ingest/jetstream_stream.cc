#include "ingest/jetstream_stream.h"

#include <utility>

#include <boost/json.hpp>

#include "absl/strings/str_cat.h"

namespace sluice::ingest {
namespace {

int64_t Nanoseconds(std::chrono::milliseconds time) {
  return std::chrono::nanoseconds(time).count();
}

absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

JetstreamStream::JetstreamStream(StreamSettings settings) : settings_(std::move(settings)) {}

std::string JetstreamStream::RequestSubject(std::string_view verb) const {
  return absl::StrCat("$JS.API.STREAM.", ToAbsl(verb), ".", name());
}

std::string JetstreamStream::AdvisorySubject() const {
  return absl::StrCat("$JS.EVENT.ADVISORY.STREAM.*.", name());
}

std::string JetstreamStream::ConfigRequest(std::string_view description) const {
  boost::json::object config{
      {"name", settings_.name},
      {"description", boost::json::string_view(description.data(), description.size())},
      {"subjects", boost::json::array{settings_.subjects}},
      {"retention", settings_.retention},
      {"discard", settings_.discard},
      {"storage", settings_.storage},
      {"num_replicas", settings_.replicas},
      {"max_age", Nanoseconds(settings_.max_age)},
      {"max_bytes", settings_.max_bytes},
      {"max_msgs", settings_.max_messages},
      {"max_msgs_per_subject", settings_.max_messages_per_subject},
      {"max_consumers", -1},
      {"max_msg_size", -1},
      {"duplicate_window", Nanoseconds(settings_.duplicate_window)},
  };
  return boost::json::serialize(config);
}

std::string JetstreamStream::ConsumerSubject(std::string_view verb,
                                             std::string_view consumer) const {
  return absl::StrCat("$JS.API.CONSUMER.", ToAbsl(verb), ".", name(), ".", ToAbsl(consumer));
}

}  // namespace sluice::ingest
