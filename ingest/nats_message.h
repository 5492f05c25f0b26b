#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include <nats/nats.h>

namespace sluice::ingest {

// A message that NATS delivered. Owns it. Thread: one at a time.
class NatsMessage {
 public:
  explicit NatsMessage(natsMsg* message) : message_(message, &natsMsg_Destroy) {}

  std::string_view subject() const { return natsMsg_GetSubject(message_.get()); }
  std::string_view reply() const {
    const char* reply = natsMsg_GetReply(message_.get());
    return reply == nullptr ? std::string_view() : std::string_view(reply);
  }
  std::string_view data() const {
    return {natsMsg_GetData(message_.get()),
            static_cast<size_t>(natsMsg_GetDataLength(message_.get()))};
  }
  // The last value of a header, since a publisher may send several; nullopt if there is none.
  std::optional<std::string_view> Header(const char* name) const;

 private:
  std::unique_ptr<natsMsg, decltype(&natsMsg_Destroy)> message_;
};

}  // namespace sluice::ingest
