#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "ingest/presence.h"

namespace sluice::ingest {

// Requests from one edge of a namespace to another, for what only the edge that has a session can
// do. At most once: a request that is not answered may have been carried out. Owner: the edge.
class PeerNetwork {
 public:
  // How long a request waits for its answer.
  static constexpr std::chrono::milliseconds kTimeout{2'000};

  // Answers a request; from any thread, at most once. Dropping it uncalled lets the request run
  // out.
  using Respond = std::function<void(std::string answer)>;
  // Thread: the network's own; must not block.
  using Handler = std::function<void(std::string_view request, Respond respond)>;
  // UNAVAILABLE: nobody answered in time, or nobody can be asked. Thread: the network's own, or
  // that of Request.
  using OnAnswer = absl::AnyInvocable<void(absl::StatusOr<std::string>)>;

  virtual ~PeerNetwork() = default;

  // By which the others address this one: 1 to 32 of [0-9a-f]; no other process has it.
  virtual const std::string& self() const = 0;
  // Begins to answer the others with `handler` and gateways that ask for presence with `count`, and
  // lets Request work. Once.
  virtual void Serve(Handler handler, CountSessions count) = 0;
  // `done` is called once, unless Stop comes before. Thread: any.
  virtual void Request(std::string_view peer, std::string_view request, OnAnswer done) = 0;
  // Ends the calls and waits for the last. Idempotent.
  virtual void Stop() = 0;
};

}  // namespace sluice::ingest
