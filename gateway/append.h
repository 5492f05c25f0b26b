#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "core/event.h"
#include "gateway/inbox.h"
#include "ingest/event_log.h"

namespace sluice::gateway {

struct Append;

// The call that an append belongs to. Thread: grpc, its CallThread's.
class AppendOwner {
 public:
  // The log has answered after Publisher::Begin had returned.
  virtual void OnAppended(Append* append) = 0;

 protected:
  ~AppendOwner() = default;
};

// One event of a call, from its request to its answer. While the log has it, the log's callback
// keeps it alive; an owner that cannot wait detaches it. Thread: grpc, its CallThread's, but for
// `result`, which the log may write on its own thread until the append is done.
struct Append {
  // Frees the append, or leaves it to the log's callback if that is still to come.
  struct Release {
    void operator()(Append* append) const;
  };

  AppendOwner* owner = nullptr;  // null once detached
  std::shared_ptr<Inbox> inbox;  // of the owner's thread
  SteadyTime started;
  std::string trace_id;                     // of the call; empty: none
  uint64_t bytes = 0;                       // taken from the budget
  bool in_call = false;                     // within EventLog::Append
  bool pending = false;                     // the log has it
  absl::StatusOr<ingest::Appended> result;  // of the log, or why it was not asked
};
using OwnedAppend = std::unique_ptr<Append, Append::Release>;

// An append that has failed with UNAVAILABLE, in place of one that the log still has.
OwnedAppend Abandoned(OwnedAppend append);

}  // namespace sluice::gateway
