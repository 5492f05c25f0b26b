#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "tests/bench/client_stream.h"
#include "tests/bench/stomp_dialogue.h"

namespace sluice::bench {

// Text messages in unmasked frames that are whole; anything else breaks it, but for a close frame.
// What is no event has as data a JSON object that says of it what SSE does.
class WebSocketStream : public ClientStream {
 protected:
  WebSocketStream() : ClientStream(101) {}

  virtual void TakeText(std::string_view text, StreamBlock* block) = 0;
  // A masked text frame, whose mask is zero.
  void Say(std::string_view text);
  bool TakeBlock(std::string_view bytes, StreamBlock* block) override;
};

// The subprotocol sluice.v1.json. Takes it as the edge writes it: known members in a known order,
// and no escapes in strings but \" and \\, since the bench publishes nothing else.
class JsonStream final : public WebSocketStream {
 private:
  void TakeText(std::string_view text, StreamBlock* block) override;

  std::string data_;
};

// STOMP 1.2, a frame in each message.
class StompStream final : public WebSocketStream {
 public:
  explicit StompStream(StreamStart start) : dialogue_(std::move(start)) {}

 private:
  void OnHead(std::string_view head) override;
  void TakeText(std::string_view text, StreamBlock* block) override;
  void SayAll();

  StompDialogue dialogue_;
};

}  // namespace sluice::bench
