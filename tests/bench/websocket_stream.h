#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/client_stream.h"

namespace sluice::bench {

// Text messages in unmasked frames that are whole; anything else breaks it, but for a close frame,
// which is a `closing`.
class WebSocketStream : public ClientStream {
 protected:
  WebSocketStream() : ClientStream(101) {}

  virtual void TakeText(std::string_view text, StreamBlock* block) = 0;
  // A masked text frame, whose mask is zero.
  void Say(std::string_view text);

 private:
  size_t TakeBlock(std::string_view bytes, StreamBlock* block) final;
};

// The subprotocol sluice.v1.json. Takes it as the edge writes it: known members in a known order,
// and no escapes in strings but \" and \\, since the bench publishes nothing else.
class JsonStream final : public WebSocketStream {
 private:
  void TakeText(std::string_view text, StreamBlock* block) override;

  std::string data_;
};

// STOMP 1.2: CONNECT, then a subscription to the user's queue and to each topic. `connected` once
// all are there.
class StompStream final : public WebSocketStream {
 public:
  explicit StompStream(std::vector<std::string> topics) : topics_(std::move(topics)) {}

 private:
  void OnHead() override;
  void TakeText(std::string_view text, StreamBlock* block) override;
  void Subscribe();

  const std::vector<std::string> topics_;
  std::string head_id_;  // where the stream stood when it began
};

}  // namespace sluice::bench
