#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "edge/auth/authenticator.h"
#include "edge/disconnect_reason.h"
#include "edge/engine/connection.h"
#include "edge/engine/head_waiter.h"
#include "edge/http/chunked_body.h"
#include "edge/http/http_error.h"
#include "edge/http/origin_policy.h"
#include "edge/http/request_head.h"
#include "edge/http/route.h"
#include "edge/sockjs/sockjs_path.h"
#include "edge/stream_request.h"

namespace sluice::edge {

// A socket that speaks HTTP/1.1: reads requests one after the other and answers them, until one
// begins a stream and a Session takes the socket. Thread: shard.
class HttpConnection final : public Connection, public HeadWaiter {
 public:
  HttpConnection(Shard* shard, StreamSocket socket);

  void OnReadable() override;
  void OnWritable() override;
  void OnDeadline() override;
  void OnStop() override;

  // The answer of a route to the request that was handed to it.
  void OnRouteAnswer(const HttpResponse& response);
  // Begins the stream if that is now possible, or tells the client that its cursor is beyond the
  // end.
  bool OnHead() override;

 private:
  enum class Phase {
    kHead,
    kBody,
    kRoute,         // a route was asked
    kAwaitingHead,  // the log was asked where it ends
    kWriting,
    kDone,  // removed or replaced
  };
  bool is_reading() const { return phase_ == Phase::kHead || phase_ == Phase::kBody; }

  // Handles the requests in `bytes`, one after the other; keeps what is incomplete or must wait.
  void Process(std::string_view bytes);
  void ProcessKept();
  // Take one head, or of a body what is there, from the front; the octets used, 0 if more are
  // needed.
  size_t TakeHead(std::string_view bytes);
  size_t TakeBody(std::string_view bytes);
  size_t TakeChunks(std::string_view bytes);
  std::optional<HttpError> CheckBody() const;
  // `is_followed`: octets behind the request have been read.
  void HandleRequest(std::string_view body, bool is_followed);
  void HandleStream();
  void HandleToken(std::string_view body);  // in token_endpoint.cc
  // These are in edge/sockjs/sockjs_endpoint.cc.
  void HandleSockJs(const SockJsTarget& target, std::string_view body);
  void SendToSockJs(const SockJsTarget& target, std::string_view body);
  void BeginSockJs(const SockJsTarget& target);
  void HandleRoute(const HttpRoute& route, std::string_view body);
  void HandlePreflight(std::string_view method);
  const HttpRoute* FindRoute() const;
  // False: the request will be refused for its path or method, whatever its body.
  bool IsServed() const;
  // Of a body that the request may have; 0: none.
  size_t MaxBodyBytes() const;
  // What the path of the request can be asked with; empty if nothing is served there.
  std::string AllowedMethods() const;
  OriginPolicy::Verdict JudgeOrigin() const;
  Authentication Authenticate(OriginPolicy::Verdict verdict) const;
  // CORS header lines, if the origin is allowed.
  std::string CorsHeaders() const;

  void RefuseCaller(const AuthRefusal& refusal);
  // With what a page of an allowed origin needs to read the answer.
  void RefuseReadably(const HttpError& error);
  void RefuseOversizedHead(std::string_view bytes);
  void Refuse(const HttpError& error, std::string_view extra_headers = "");
  void Answer(const HttpResponse& response, std::string_view extra_headers = "");
  void Flush();
  void AfterAnswer();
  void BeginOrTurnAway();
  void TurnAway(DisconnectReason reason);
  void Drop();
  void ArmDeadline();

  Phase phase_ = Phase::kHead;
  RequestHead head_;
  std::unique_ptr<ChunkedBody> chunked_;  // a body of this kind that has begun
  StreamRequest stream_;
  std::string input_;   // not yet consumed: an incomplete head or body, or a pipelined request
  std::string output_;  // the answer that is being written
  size_t written_ = 0;
  int heads_seen_ = 0;  // while awaiting the head
  bool close_after_ = false;
};

}  // namespace sluice::edge
