#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/client_stream.h"

namespace sluice::bench {

// Text messages in unmasked frames that are whole; anything else breaks it, but for a close frame.
// What is no event has as data a JSON object that says of it what SSE does.
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

// STOMP 1.2: CONNECT, then subscriptions to the user's queue and to each topic, all behind the
// cursor, or behind where the stream stood when it began. What is said of each subscription is
// handed out once.
class StompStream final : public WebSocketStream {
 public:
  explicit StompStream(StreamStart start) : start_(std::move(start)) {}

 private:
  void OnHead() override;
  void TakeText(std::string_view text, StreamBlock* block) override;
  void TakeMessage(std::string_view head, std::string_view body, StreamBlock* block);
  void Subscribe();

  const StreamStart start_;
  std::string begin_;      // the cursor that the subscriptions present
  std::string connected_;  // data of `connected`
  std::string closing_;    // data of `closing`
  std::string gap_;        // id of the last gap
};

}  // namespace sluice::bench
