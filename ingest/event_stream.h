#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/options.h"
#include "ingest/jetstream_stream.h"

namespace sluice::ingest {

// The JetStream stream SLUICE_<NS>_EVENTS, which holds the events of a namespace: what it stores is
// `sluice.<ns>.ev.>`. Thread: any (immutable).
class EventStream final : public JetstreamStream {
 public:
  EventStream(const LogOptions& log, const NatsOptions& nats);

  const NatsOptions& nats_options() const { return nats_; }

  // Asks for an ordered consumer: made by us, in memory, without acks, with flow control, gone some
  // seconds after we are (NATS ADR-17).
  std::string ConsumerRequest(std::string_view consumer, std::string_view deliver_to,
                              uint64_t first_sequence, std::chrono::nanoseconds heartbeat) const;

 private:
  const NatsOptions nats_;
};

}  // namespace sluice::ingest
