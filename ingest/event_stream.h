#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/options.h"
#include "ingest/event_subject.h"
#include "ingest/jetstream_stream.h"

namespace sluice::ingest {

// The JetStream stream that holds the events of a namespace, SLUICE_<NS>_EVENTS with what is
// published to `sluice.<ns>.ev.>`, or its revocations, SLUICE_<NS>_REVOCATIONS with
// `sluice.<ns>.revoked.>`. Thread: any (immutable).
class EventStream final : public JetstreamStream {
 public:
  EventStream(const LogOptions& log, const NatsOptions& nats,
              LogContent content = LogContent::kEvents);

  const NatsOptions& nats_options() const { return nats_; }
  const EventSubject& subject() const { return subject_; }

  // Asks for an ordered consumer: made by us, in memory, without acks, with flow control, gone some
  // seconds after we are (NATS ADR-17).
  std::string ConsumerRequest(std::string_view consumer, std::string_view deliver_to,
                              uint64_t first_sequence, std::chrono::nanoseconds heartbeat) const;

 private:
  const NatsOptions nats_;
  const EventSubject subject_;
};

}  // namespace sluice::ingest
