#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace sluice::ingest {

// Names that one edge of a namespace has claimed and the others ask: for what clients name
// themselves, so that nobody can tell from the name where it is. At most once: a request that is
// not answered may have been carried out. A name that two claim is asked of both, and the first
// answer counts. Owner: the edge.
class NameNetwork {
 public:
  // Answers a request; from any thread, at most once. Dropping it uncalled lets the request run
  // out.
  using Respond = std::function<void(std::string answer)>;
  // Thread: the network's own; must not block.
  using Handler =
      std::function<void(std::string_view name, std::string_view request, Respond respond)>;
  // UNAVAILABLE: the claim may not be known to all. Thread: the network's own.
  using OnClaimed = absl::AnyInvocable<void(absl::Status)>;
  // NOT_FOUND: nobody has claimed the name. UNAVAILABLE: no answer in time, or nobody can be asked.
  // Thread: the network's own.
  using OnAnswer = absl::AnyInvocable<void(absl::StatusOr<std::string>)>;

  virtual ~NameNetwork() = default;

  // Begins to answer with `handler` what is asked of claimed names, and lets the rest work. Once.
  virtual void Serve(Handler handler) = 0;
  // `done` is called once, unless Stop comes before: from then on the others find `name` here.
  // `name`: 1 to 64 octets of any kind. Thread: any.
  virtual void Claim(std::string_view name, OnClaimed done) = 0;
  virtual void Release(std::string_view name) = 0;
  // `done` is called once, unless Stop comes before. Thread: any.
  virtual void Request(std::string_view name, std::string_view request,
                       std::chrono::milliseconds timeout, OnAnswer done) = 0;
  // Ends the calls and waits for the last. Idempotent.
  virtual void Stop() = 0;
};

}  // namespace sluice::ingest
