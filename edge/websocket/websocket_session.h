#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "edge/engine/session.h"
#include "edge/inbound/answer_queue.h"
#include "edge/websocket/frame_codec.h"

namespace sluice::edge {

// A stream over WebSocket: frames in and out, pings, the close handshake, and the limits on what a
// client may send. What the text says is the subprotocol's. Thread: shard.
class WebSocketSession : public Session, protected AnswerQueue::Owner {
 public:
  // `reader`: has read the client's octets so far.
  WebSocketSession(Shard* shard, StreamSocket socket, Protocol protocol, WireFormat format,
                   WebSocketReader reader, bool has_prefixes = false);

  void OnReadable() override;
  // What the client has sent and nobody has looked at.
  void Take(std::span<char> octets);

 protected:
  // A message of text. The session may be closing afterwards.
  virtual void OnText(std::string_view text) = 0;
  // One of octets, which no subprotocol of ours speaks: 1003.
  virtual void OnBinary(std::string_view data);
  // How much may wait for a client that asks and does not read the answers.
  virtual size_t MaxUnreadBytes() const;
  // Says `text` in a frame; see Session::Say.
  void SayText(std::string_view text);
  void Fail(const WebSocketError& error);
  // One more message; false if there have been too many within a second.
  bool MayTalk();

  void OnLateAnswers() override;

 private:
  // False: nothing behind it is to be read.
  bool OnMessage(const WebSocketMessage& message);
  // Has what was said sent.
  void SendAnswers();

  WebSocketReader reader_;
  Tick second_began_;
  uint32_t messages_ = 0;  // in that second
};

}  // namespace sluice::edge
