#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::ingest {

// What a stream shall be, in the words of JetStream's API (NATS ADR-8); -1: no limit.
struct StreamSettings {
  std::string name;
  std::string subjects;  // one, with wildcards
  std::string retention;
  std::string discard;
  std::string storage;
  int64_t replicas = 1;
  std::chrono::milliseconds max_age{0};
  int64_t max_bytes = -1;
  int64_t max_messages = -1;
  int64_t max_messages_per_subject = -1;
  std::chrono::milliseconds duplicate_window{0};
};

// A JetStream stream as this process wants it: the requests about it, as text. Thread: any
// (immutable).
class JetstreamStream {
 public:
  explicit JetstreamStream(StreamSettings settings);

  const StreamSettings& settings() const { return settings_; }
  const std::string& name() const { return settings_.name; }
  const std::string& subjects() const { return settings_.subjects; }
  // `$JS.API.STREAM.<verb>.<name>` for INFO, CREATE and UPDATE.
  std::string RequestSubject(std::string_view verb) const;
  // Where the server tells that the stream was made, changed or deleted.
  std::string AdvisorySubject() const;
  // The body of CREATE and UPDATE.
  std::string ConfigRequest(std::string_view description) const;
  // `$JS.API.CONSUMER.<verb>.<name>.<consumer>` for CREATE, DURABLE.CREATE, DELETE and MSG.NEXT.
  std::string ConsumerSubject(std::string_view verb, std::string_view consumer) const;

 private:
  const StreamSettings settings_;
};

}  // namespace sluice::ingest
