#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "core/byte_budget.h"
#include "core/clock.h"
#include "core/name_pattern.h"
#include "core/options.h"
#include "core/route_target.h"
#include "ingest/client_message_queue.h"
#include "ingest/event_log.h"

namespace sluice::edge {

// What a client sends. Borrowed for the length of a call.
struct SentMessage {
  std::string_view destination;  // `/app/DESTINATION` or `/topic/NAME`
  std::string_view data;
  std::string_view type;  // of the event, if it becomes one as it is; else without meaning
};

// Who does. Borrowed for the length of a call.
struct Sender {
  std::string_view user_id;
  const std::vector<NamePattern>& publish;  // the topics that it may publish to
  std::string connection;                   // see ingest::ClientMessage
};

// Where what clients send goes: to backends, along a route into a channel, or to a topic.
// Thread: any. Owner: Edge.
class MessageRouter {
 public:
  // Called exactly once, from Send or later from any thread, also when the router is gone; must
  // not block. OK: stored. INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED: what was sent;
  // RESOURCE_EXHAUSTED: not now; others: it may or may not be stored.
  using Done = absl::AnyInvocable<void(absl::Status)>;

  // `queue`: null if there is none; it and `clock` outlive the router.
  MessageRouter(const EdgeOptions& options, ingest::ClientMessageQueue* queue, const Clock* clock);

  // From now on there is a log to publish to; it outlives the router.
  void set_log(ingest::EventLog* log) { log_ = log; }
  void Send(const SentMessage& message, const Sender& sender, Done done);

 private:
  struct Route {
    RouteTarget to;
    std::string type;
  };
  void SendToTopic(std::string_view topic, const SentMessage& message, const Sender& sender,
                   Done done);
  void SendToApp(std::string_view destination, std::string_view data, const Sender& sender,
                 Done done);
  void Publish(const ChannelView& channel, std::string_view type, std::string_view data, Done done);
  // `done` with what it took of the budget given back; null if that has no room, which it was told.
  Done Admit(size_t bytes, Done done);

  std::map<std::string, Route, std::less<>> routes_;  // by destination
  ingest::ClientMessageQueue* const queue_;
  const Clock& clock_;
  const std::shared_ptr<ByteBudget> budget_;  // answers may come after the router's end
  std::atomic<ingest::EventLog*> log_{nullptr};
};

}  // namespace sluice::edge
