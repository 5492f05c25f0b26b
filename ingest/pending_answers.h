#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "core/clock.h"

namespace sluice::ingest {

// Requests on NATS that have not been answered, by what their answers come to. Each is called back
// once: with the answer, or with UNAVAILABLE when its time is over. Thread: one, the connection's.
class PendingAnswers {
 public:
  using OnAnswer = absl::AnyInvocable<void(absl::StatusOr<std::string>)>;

  void Expect(std::string key, SteadyTime deadline, OnAnswer done);
  // False: nobody waits for it, or no longer.
  bool Settle(std::string_view key, absl::StatusOr<std::string> answer);
  void Expire(SteadyTime now);

 private:
  struct Pending {
    SteadyTime deadline;
    OnAnswer done;
  };

  std::map<std::string, Pending, std::less<>> pending_;
};

}  // namespace sluice::ingest
