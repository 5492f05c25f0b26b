#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "edge/engine/mailbox.h"
#include "edge/sockjs/sockjs_request.h"
#include "ingest/name_network.h"

namespace sluice::edge {

// Brings what is asked of a session to the shard that has it: of this edge by the hash of its id,
// else to the edge that has claimed the id. So a client may send each request to another edge.
// Owner: Edge. Thread: any.
class SockJsRouter {
 public:
  // How much longer than a poll its answer may be under way.
  static constexpr std::chrono::milliseconds kAnswerTime{3'000};

  // `names`: null: there are no other edges. All outlive this.
  SockJsRouter(std::vector<Mailbox*> shards, ingest::NameNetwork* names)
      : shards_(std::move(shards)), names_(names) {}

  // `done` is called once, on any thread, unless the edge stops before.
  void Ask(SockJsRequest request, SockJsRespond done);
  // What another edge asks of the session `name`.
  void Answer(std::string_view name, std::string_view request,
              ingest::NameNetwork::Respond respond);

  // Has the other edges find the session here; `done`: false if they may not. Thread of `done`:
  // any.
  void Claim(const std::string& session, std::function<void(bool)> done);
  void Release(const std::string& session);

 private:
  // Of this edge alone; opens a session if the request says whose.
  void AskHere(SockJsRequest request, SockJsRespond done);
  void AskOthers(SockJsRequest request, SockJsRespond done);

  const std::vector<Mailbox*> shards_;
  ingest::NameNetwork* const names_;
};

}  // namespace sluice::edge
