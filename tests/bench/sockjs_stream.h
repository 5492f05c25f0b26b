#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/bench/client_stream.h"
#include "tests/bench/stomp_dialogue.h"
#include "tests/bench/websocket_stream.h"

namespace sluice::bench {

// The client's end of one SockJS session: STOMP in the messages of its frames. Thread: one.
class SockJsStomp {
 public:
  explicit SockJsStomp(StreamStart start) : dialogue_(std::move(start)) {}

  // False: it is no frame that may come now.
  bool TakeFrame(std::string_view frame);
  // A frame holds many messages, which are read one by one. False: not STOMP's.
  bool has_message() const { return next_ < messages_.size(); }
  bool TakeMessage(StreamBlock* block);
  // What is to be sent; empty: nothing.
  std::string TakeBody();
  // The frame that ends the session was there.
  bool is_closed() const { return is_closed_; }

 private:
  StompDialogue dialogue_;
  std::vector<std::string> messages_;
  size_t next_ = 0;  // of messages_
  bool is_open_ = false;
  bool is_closed_ = false;
};

// The transport `websocket`: each text message is a frame.
class SockJsWebSocketStream final : public WebSocketStream {
 public:
  explicit SockJsWebSocketStream(StreamStart start) : stomp_(std::move(start)) {}

 private:
  bool TakeBlock(std::string_view bytes, StreamBlock* block) override;
  void TakeText(std::string_view text, StreamBlock* block) override;
  void TakeMessage(StreamBlock* block);
  void SayBody();

  SockJsStomp stomp_;
};

// The transports without WebSocket: `xhr`, which opens the session and brings one frame, then that
// or `xhr_streaming`, whose responses end by themselves too and are followed by another; and
// `xhr_send`. Each is a request of its own, so that no two need the same edge. A response that is
// cut has lost what nobody knows, so only its end in good order is kOver.
class SockJsXhrStream final : public ClientStream {
 public:
  // `transport`: of all responses but the first.
  SockJsXhrStream(StreamStart start, std::string_view transport)
      : ClientStream(200), start_(start), transport_(transport), stomp_(std::move(start)) {}

 private:
  void OnHead(std::string_view head) override;
  bool TakeBlock(std::string_view bytes, StreamBlock* block) override;
  std::string FollowingRequest() override;
  // Takes a chunk off the front of `bytes`, or the body that comes without; 0: it is not whole.
  size_t TakeChunk(std::string_view bytes);
  void TakeLine(std::string_view line);
  void TakeMessage(StreamBlock* block);
  void SendBody();
  void EndResponse();

  const StreamStart start_;
  const std::string transport_;
  SockJsStomp stomp_;
  bool is_chunked_ = false;
  bool has_body_ = false;      // all of it
  size_t content_length_ = 0;  // if it is not chunked
  std::string lines_;          // of the body, not taken
};

// `transport`: websocket, xhr, xhr_streaming or xhr_send.
std::string SockJsPath(const StreamStart& start, std::string_view transport);
std::string SockJsPost(const StreamStart& start, std::string_view transport, std::string_view body,
                       std::string_view headers = "");

}  // namespace sluice::bench
