#pragma once

#include <cstddef>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "edge/sockjs/sockjs_request.h"

namespace sluice::edge {

class Shard;
class SockJsSession;

// The SockJS sessions of one shard, by id. Owner and thread: the shard.
class SockJsTable {
 public:
  // Sessions without a STOMP session that counts in the quotas: those that have not said CONNECT,
  // and those that have ended and may still be asked why. More are turned away.
  static constexpr size_t kMaxWithoutStream = 4096;

  explicit SockJsTable(Shard* shard) : shard_(*shard) {}

  // `respond` is called once: at once, or when there is something to say.
  void Handle(const SockJsRequest& request, const SockJsRespond& respond);

  // Sessions may say CONNECT from now on.
  void OnCaughtUp();

  // For sessions.
  void Forget(const SockJsSession& session);
  void CountWithoutStream(int change) { without_stream_ += static_cast<size_t>(change); }

 private:
  SockJsSession* Find(const std::string& id) const;
  // Null: there is no room for one.
  SockJsSession* Open(const SockJsRequest& request);

  Shard& shard_;
  absl::flat_hash_map<std::string, SockJsSession*> sessions_;
  size_t without_stream_ = 0;
};

}  // namespace sluice::edge
