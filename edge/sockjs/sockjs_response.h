#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "edge/auth/auth_refusal.h"
#include "edge/sockjs/sockjs_path.h"
#include "edge/sockjs/sockjs_stream.h"

namespace sluice::edge {

// A response that receives: xhr ends with one frame, xhr_streaming and eventsource after
// kStreamBytes. The next request may come over the same connection, if that may be kept.
// Thread: shard.
class SockJsResponse final : public SockJsStream {
 public:
  static constexpr size_t kStreamBytes = 128u << 10;

  struct Parts {
    SockJsEndpoint endpoint;  // kXhr, kXhrStreaming or kEventSource
    std::string session;
    SockJsCaller caller;
    std::optional<Identity> opener;      // for whom it may open the session
    std::optional<AuthRefusal> refusal;  // why for nobody
    std::string cors;                    // header lines
    bool http_1_0 = false;               // no chunks: the connection ends the response
    bool keep_alive = true;
  };
  SockJsResponse(Shard* shard, StreamSocket socket, Parts parts);

  void OnReadable() override;

 private:
  void AppendFrame(std::string_view frame, std::string* out) override;
  void AppendNothing(std::string* out) override;
  bool AppendRefusal(SockJsAnswer::Kind kind, std::string* out) override;
  void AppendEnd(std::string* out) override;
  bool is_full() const override;
  void AfterEnd() override;
  std::chrono::milliseconds NextWait() const override;

  bool is_stream() const { return parts_.endpoint != SockJsEndpoint::kXhr; }
  bool is_chunked() const { return is_stream() && !parts_.http_1_0; }
  bool keeps_connection() const { return parts_.keep_alive && !(is_stream() && parts_.http_1_0); }
  // `body_bytes`: if the response is no stream.
  std::string Head(size_t body_bytes) const;
  // The head and what a stream begins with, unless it was written.
  void AppendPrelude(std::string* out);
  void AppendBody(std::string_view octets, std::string* out);

  Parts parts_;
  bool has_begun_ = false;
  size_t body_bytes_ = 0;  // of frames
};

// Takes the socket for a response that receives.
void BeginSockJsResponse(Shard* shard, StreamSocket socket, SockJsResponse::Parts parts);

}  // namespace sluice::edge
