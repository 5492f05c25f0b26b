#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/options.h"

namespace sluice::ingest {

// The JetStream stream that holds the events of a namespace, as this process wants it: its name and
// the requests about it, as text (NATS ADR-8, "JetStream API"). Thread: any (immutable).
class EventStream {
 public:
  EventStream(const LogOptions& log, const NatsOptions& nats);

  const LogOptions& log_options() const { return log_; }
  const NatsOptions& nats_options() const { return nats_; }
  // SLUICE_<NS>_EVENTS
  const std::string& name() const { return name_; }
  // What it stores: `sluice.<ns>.ev.>`.
  const std::string& subjects() const { return subjects_; }
  // `$JS.API.STREAM.<verb>.<name>` for INFO, CREATE and UPDATE.
  std::string RequestSubject(std::string_view verb) const;
  // Where the server tells that the stream was made, changed or deleted.
  std::string AdvisorySubject() const;
  // The body of CREATE and UPDATE.
  std::string ConfigRequest(std::string_view description) const;

  // `$JS.API.CONSUMER.<verb>.<name>.<consumer>` for CREATE and DELETE.
  std::string ConsumerSubject(std::string_view verb, std::string_view consumer) const;
  // Asks for an ordered consumer: made by us, in memory, without acks, with flow control, gone some
  // seconds after we are (NATS ADR-17).
  std::string ConsumerRequest(std::string_view consumer, std::string_view deliver_to,
                              uint64_t first_sequence, std::chrono::nanoseconds heartbeat) const;

 private:
  const LogOptions log_;
  const NatsOptions nats_;
  const std::string name_;
  const std::string subjects_;
};

}  // namespace sluice::ingest
