#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::bench {

// What browsers can speak to the edge; over SockJS it is STOMP.
enum class Wire : uint8_t { kSse, kJson, kStomp, kSockJs, kSockJsXhrStreaming, kSockJsXhr };

// One event, or what else a stream says; the views live for the length of the call that hands it
// out.
struct StreamBlock {
  std::string_view id = {};
  std::string_view event = {};  // also `connected`, `gap` and `closing`
  std::string_view data =
      {};  // SSE: of the last `data:` line, since the bench publishes one line each
  std::string_view retry = {};
  bool has_data = false;
  size_t octets = 0;  // on the wire; 0: those were counted with the block before
};

// Splits what a response brings into its head and its blocks, whatever the sizes of the reads.
// Independent of the edge's writers on purpose. Thread: one.
class ClientStream {
 public:
  // kOver: the response ended in good order, and NextRequest() asks for what follows.
  enum class State : uint8_t { kHead, kBody, kOver, kBroken };
  // False: stop behind this block.
  using OnBlock = std::function<bool(const StreamBlock&)>;

  virtual ~ClientStream() = default;

  // Calls `on_block` for every block that `bytes` completes and returns how many octets of `bytes`
  // were taken: all of them, unless `on_block` returned false to stop after its block. What remains
  // is not kept.
  size_t Feed(std::string_view bytes, const OnBlock& on_block);
  // What the client has to say next over the same connection; empty: nothing.
  std::string TakeReply() { return std::exchange(reply_, {}); }
  // A request that says something over a connection of its own, to any edge; empty: nothing is to
  // be said. Its answer must be 204, and the next is sent only then.
  std::string TakeSend() { return std::exchange(send_, {}); }
  // The request of the next response, over a new connection to any edge. Only when kOver.
  std::string NextRequest();

  State state() const { return state_; }
  int status() const { return status_; }  // of HTTP; 0 until the head is complete
  // Octets of an incomplete head or block.
  size_t pending() const { return partial_.size(); }

 protected:
  // `good_status`: of an answer that begins the stream.
  explicit ClientStream(int good_status) : good_status_(good_status) {}

  // Reads the block at the front of `bytes` into `block`; false if it is not whole. A block without
  // an event, an id or data is not handed out.
  virtual bool TakeBlock(std::string_view bytes, StreamBlock* block) = 0;
  // The head is complete. By default one that announces chunks breaks the stream.
  virtual void OnHead(std::string_view head);
  virtual std::string FollowingRequest() { return ""; }
  void Finish() { state_ = State::kOver; }
  void Break() { state_ = State::kBroken; }
  void Reply(std::string_view octets) { reply_ += octets; }
  void Send(std::string request) { send_ = std::move(request); }

 private:
  // Takes a complete head off the front of `bytes`; how many octets that was, or 0.
  size_t TakeHead(std::string_view bytes);

  int good_status_;
  std::string partial_;
  std::string reply_;
  std::string send_;
  State state_ = State::kHead;
  int status_ = 0;
};

// What STOMP says in its frames, and the others in their request.
struct StreamStart {
  std::vector<std::string> topics = {};  // to be followed, beside the user's own channel
  std::string cursor = {};               // empty: none
  std::string user = {};
  std::string session = "s";  // of SockJS; over xhr no other may have this id
};
std::unique_ptr<ClientStream> OpenStream(Wire wire, StreamStart start);
// The first request of such a stream; with `headers`, each ended by CRLF.
std::string StreamRequest(Wire wire, const StreamStart& start, std::string_view headers = "");

}  // namespace sluice::bench
