#include "edge/inbound/client_sends.h"

#include "absl/strings/str_cat.h"
#include "edge/engine/shard.h"

namespace sluice::edge {

ClientSends::ClientSends(Shard* shard, Protocol protocol, AnswerQueue::Owner* owner,
                         std::vector<NamePattern> publish)
    : shard_(*shard), protocol_(protocol), owner_(*owner), publish_(std::move(publish)) {}

void ClientSends::Reply(Answer answer) {
  if (answers_ == nullptr) return answer(absl::OkStatus());
  answers_->Add(std::move(answer));
}

void ClientSends::Send(const SentMessage& message, std::string_view user_id, uint64_t session,
                       Answer answer) {
  if (answers_ == nullptr) answers_ = std::make_shared<AnswerQueue>(&owner_);
  const uint64_t number = answers_->Await(std::move(answer));
  EdgeContext& context = shard_.context();
  context.router.Send(
      message,
      {.user_id = user_id,
       .publish = publish_,
       .connection = absl::StrCat(context.edge_id, "-", shard_.index(), "-", session)},
      [port = shard_.port(), to = std::weak_ptr<AnswerQueue>(answers_), number,
       protocol = protocol_](absl::Status status) {
        port->Post(SendAnswered{to, number, protocol, std::move(status)});
      });
}

}  // namespace sluice::edge
