#include "edge/sockjs/sockjs_table.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "edge/engine/shard.h"
#include "edge/sockjs/sockjs_pipe.h"
#include "edge/sockjs/sockjs_router.h"
#include "edge/sockjs/sockjs_session.h"
#include "edge/stomp/stomp_handshake.h"
#include "edge/websocket/handshake.h"

namespace sluice::edge {

void SockJsTable::Handle(const SockJsRequest& request, const SockJsRespond& respond) {
  using Kind = SockJsRequest::Kind;
  SockJsSession* session = Find(request.session);
  if (session == nullptr) {
    if (request.kind != Kind::kPoll || !request.opener) {
      return respond({SockJsAnswer::Kind::kNoSession});
    }
    session = Open(request);
    if (session == nullptr) return respond({SockJsAnswer::Kind::kFull});
  }
  if (!request.caller.MayUseSessionOf(session->opener())) {
    return respond({SockJsAnswer::Kind::kNoSession});
  }
  switch (request.kind) {
    case Kind::kPoll:
      return session->Poll(request, respond);
    case Kind::kHold:
      session->Hold(request.receiver);
      return respond({SockJsAnswer::Kind::kDone});
    case Kind::kRelease:
      session->Release(request.receiver);
      return respond({SockJsAnswer::Kind::kDone});
    case Kind::kAbort:
      session->Abort(request.receiver);
      return respond({SockJsAnswer::Kind::kDone});
    case Kind::kSend:
      return respond({session->Send(request.body)});
  }
}

SockJsSession* SockJsTable::Find(const std::string& id) const {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : found->second;
}

SockJsSession* SockJsTable::Open(const SockJsRequest& request) {
  if (without_stream_ >= kMaxWithoutStream || shard_.is_draining()) return nullptr;
  std::optional<SockJsPipe> pipe = SockJsPipe::Open();
  if (!pipe || !shard_.Watch(pipe->stomp) || !shard_.Watch(pipe->sockjs)) return nullptr;
  // STOMP as if over WebSocket; nobody reads the answer to the handshake.
  const WebSocketHandshake handshake{.accept = "", .subprotocol = "", .is_stomp_path = true};
  BeginStompHandshake(&shard_, StreamSocket(std::move(pipe->stomp)), *request.opener, handshake);
  auto owned = std::make_unique<SockJsSession>(&shard_, StreamSocket(std::move(pipe->sockjs)),
                                               request.session, request.caller);
  SockJsSession* const session = owned.get();
  shard_.Add(std::move(owned));
  sessions_.emplace(request.session, session);
  if (request.shard) {
    session->OnClaimed(true);  // nobody else asks for it
    return session;
  }
  Mailbox* const mailbox = &shard_.mailbox();
  shard_.context().sockjs->Claim(
      request.session, [mailbox, id = request.session, life = session->id()](bool is_ours) {
        mailbox->Post(RunTask{[id, life, is_ours](Shard* shard) {
          SockJsSession* claimed = shard->sockjs().Find(id);
          if (claimed != nullptr && claimed->id() == life) claimed->OnClaimed(is_ours);
        }});
      });
  return session;
}

void SockJsTable::OnCaughtUp() {
  std::vector<SockJsSession*> waiting;
  for (const auto& [id, session] : sessions_) waiting.push_back(session);
  for (SockJsSession* session : waiting) session->OnReadable();
}

void SockJsTable::Forget(const SockJsSession& session) { sessions_.erase(session.name()); }

}  // namespace sluice::edge
