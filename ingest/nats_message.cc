#include "ingest/nats_message.h"

#include <cstdlib>

namespace sluice::ingest {

std::optional<std::string_view> NatsMessage::Header(const char* name) const {
  const char** values = nullptr;
  int count = 0;
  if (natsMsgHeader_Values(message_.get(), name, &values, &count) != NATS_OK) return std::nullopt;
  std::optional<std::string_view> last;
  if (count > 0) last = values[count - 1];
  std::free(values);  // the list is ours, the strings are the message's
  return last;
}

}  // namespace sluice::ingest
