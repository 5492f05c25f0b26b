#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "core/name_pattern.h"
#include "edge/inbound/answer_queue.h"
#include "edge/inbound/message_router.h"
#include "edge/protocol.h"

namespace sluice::edge {

class Shard;

// What the client of one session sends to backends and channels, and the order of all its answers.
// Holds nothing until it sends. Thread: shard. Owner: the session.
class ClientSends {
 public:
  using Answer = AnswerQueue::Answer;

  // `publish`: the topics that the client may publish to.
  ClientSends(Shard* shard, Protocol protocol, AnswerQueue::Owner* owner,
              std::vector<NamePattern> publish);

  void set_publish(std::vector<NamePattern> publish) { publish_ = std::move(publish); }
  // So many messages have no answer that no more are to be taken.
  bool is_full() const { return answers_ != nullptr && answers_->is_full(); }
  // The answer to a message that has been handled: now, or behind those before it.
  void Reply(Answer answer);
  // Hands `message` to the router; `answer` is told what became of it, later, unless the session
  // has gone. `session`: the number of the session within its shard.
  void Send(const SentMessage& message, std::string_view user_id, uint64_t session, Answer answer);

 private:
  Shard& shard_;
  const Protocol protocol_;
  AnswerQueue::Owner& owner_;
  std::vector<NamePattern> publish_;
  // Shared only with answers on their way, which look whether it is there. Null until something is
  // sent.
  std::shared_ptr<AnswerQueue> answers_;
};

}  // namespace sluice::edge
