#include "gateway/append.h"

#include "absl/status/status.h"

namespace sluice::gateway {

void Append::Release::operator()(Append* append) const {
  if (append->pending) {
    append->owner = nullptr;
  } else {
    delete append;
  }
}

OwnedAppend Abandoned(OwnedAppend append) {
  OwnedAppend answer(new Append);
  answer->started = append->started;
  answer->trace_id = append->trace_id;
  answer->bytes = append->bytes;
  answer->result = absl::UnavailableError("the gateway is stopping");
  return answer;
}

}  // namespace sluice::gateway
