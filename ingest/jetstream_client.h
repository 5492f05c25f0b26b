#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "ingest/jetstream_stream.h"
#include "ingest/nats_connection.h"
#include "ingest/stream_state.h"

namespace sluice::ingest {

// Requests to JetStream's API over one connection, without ever waiting: each is answered by a
// callback, once. Bounded by who asks: a few, and one for each partition of a group. Owner and
// thread: the handler of the connection, on the connection's thread.
class JetstreamClient {
 public:
  static constexpr std::chrono::milliseconds kTimeout{2'000};

  using OnAnswer = absl::AnyInvocable<void(absl::StatusOr<std::string_view>)>;
  using OnState = absl::AnyInvocable<void(absl::StatusOr<StreamState>)>;

  JetstreamClient(const JetstreamStream& stream, const Clock& clock)
      : stream_(stream), clock_(clock) {}

  // Before anything else; the connection outlives this.
  void set_connection(NatsConnection* connection) { connection_ = connection; }

  // UNAVAILABLE: nobody answered in time or at all. Else the answer, to be read.
  void Request(const std::string& subject, std::string_view body, OnAnswer done);
  // The stream as it is. UNAVAILABLE as of Request, or if the server that answers is cut off from
  // it.
  void GetStream(OnState done);
  // The stream as it is, made if there is none. If it has lost acknowledged events since `last` of
  // `epoch` was seen (it ends below, and still does after some time, in which a new leader of a
  // cluster may have caught up), it is made another incarnation, so that a sequence never means two
  // events. `epoch` may be empty: nothing was seen yet.
  void EnsureStream(const Epoch& epoch, uint64_t last, OnState done);
  // Makes the stream another incarnation, see StreamState::epoch.
  void RenewStream(OnState done);

  // True if `message` is an answer to a request, which has been called back with it.
  bool Take(const NatsMessage& message);
  void OnTick(SteadyTime now);
  // Calls back everything with UNAVAILABLE.
  void FailAll();

 private:
  // A request under way, or a pause: then `done` is called when it is over.
  struct Pending {
    SteadyTime deadline;
    OnAnswer done;
  };

  void CheckStream(const Epoch& epoch, uint64_t last, int readings_left, OnState done);
  void CreateStream(OnState done);

  const JetstreamStream& stream_;
  const Clock& clock_;
  NatsConnection* connection_ = nullptr;
  uint64_t next_ = 1;
  std::map<std::string, Pending, std::less<>> pending_;  // by reply subject
};

}  // namespace sluice::ingest
