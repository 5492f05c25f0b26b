#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/cursor.h"
#include "core/event.h"
#include "ingest/jetstream_stream.h"

namespace sluice::ingest {

// What the server says of the stream, in answer to INFO, CREATE and UPDATE. Thread: any.
class StreamState {
 public:
  // NOT_FOUND: there is no such stream; UNAVAILABLE: JetStream cannot say; FAILED_PRECONDITION: it
  // refuses, with its reason; INTERNAL: an answer that cannot be read.
  static absl::StatusOr<StreamState> Parse(std::string_view answer);

  // What the stream does otherwise than `wanted`, each as "max_age is 60s, not 300s".
  std::vector<std::string> Contradictions(const JetstreamStream& wanted) const;

  // Names this incarnation: from the time that is noted in the stream's description
  // (IncarnationNote), or from that of its creation if there is no note or only one of an earlier
  // stream. Not from the latter alone: where several made the stream at once, the servers of a
  // cluster of 2.9.10 may disagree on it for ever.
  Epoch epoch() const;
  uint64_t first_sequence() const { return first_sequence_; }
  uint64_t last_sequence() const { return last_sequence_; }
  // Of replicas: no leader is known where this was said, or only one that does not hear from the
  // majority any more. All of this may be out of date, for as long as the network stays cut.
  bool is_cut_off() const { return is_cut_off_; }
  // What is stored now.
  uint64_t messages() const { return messages_; }
  uint64_t bytes() const { return bytes_; }

 private:
  uint64_t first_sequence_ = 1;
  uint64_t last_sequence_ = 0;
  uint64_t messages_ = 0;
  uint64_t bytes_ = 0;
  uint64_t created_ns_ = 0;  // Unix time
  std::string description_;
  std::string subjects_, retention_, discard_, storage_;
  int64_t replicas_ = 0, max_age_ns_ = 0, max_bytes_ = 0, max_messages_per_subject_ = 0,
          max_messages_ = 0, duplicate_window_ns_ = 0;
  bool no_ack_ = false, sealed_ = false, is_cut_off_ = false;
};

// A description for the stream that makes it another incarnation as of `now`: for a new one, and
// for one that has lost acknowledged events and would use their sequences again.
std::string IncarnationNote(WallTime now);

}  // namespace sluice::ingest
