#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "edge/engine/connection.h"
#include "edge/sockjs/sockjs_request.h"

namespace sluice::edge {

// A client's connection that receives from a session, wherever that is: asks for a frame, writes
// it, and asks for the next once the socket has taken all. So it holds one frame. The session's
// receiver is this connection. Thread: shard.
class SockJsStream : public Connection {
 public:
  // `first`: the first poll, without the receiver.
  SockJsStream(Shard* shard, StreamSocket socket, SockJsRequest first);

  // Has the shard own it and asks for the first frame.
  void Begin(std::unique_ptr<SockJsStream> self);
  void OnAnswer(SockJsAnswer answer);

  void OnWritable() override;
  void OnDeadline() override;
  void OnStop() override;

 protected:
  // Appends a frame of SockJS as the transport writes it.
  virtual void AppendFrame(std::string_view frame, std::string* out) = 0;
  // Nothing came in time; by default nothing is written.
  virtual void AppendNothing(std::string*) {}
  // The first poll was answered with kNoSession, kFull or kUnknown: appends what refuses the
  // request; false: the close frame says it.
  virtual bool AppendRefusal(SockJsAnswer::Kind, std::string*) { return false; }
  // Appends what ends the transport, behind the last frame.
  virtual void AppendEnd(std::string* out) = 0;
  // True: the transport ends before the next frame.
  virtual bool is_full() const = 0;
  // The end is written: replaces this connection.
  virtual void AfterEnd();
  // How long the next poll may take.
  virtual std::chrono::milliseconds NextWait() const { return kWait; }

  static constexpr std::chrono::seconds kWait{5};

  // Asks the session; the answer is for OnReply.
  void Ask(SockJsRequest request);
  SockJsRequest Request(SockJsRequest::Kind kind) const;
  // What became of anything but a poll.
  virtual void OnReply(SockJsAnswer::Kind) {}
  // Has `octets` sent behind what waits.
  void Say(std::string_view octets);
  // As Say, with these as the last.
  void EndWith(std::string_view octets);
  // The client has gone, or is to: ends the session too, at once.
  void Drop();
  bool is_done() const { return is_done_; }
  bool is_ending() const { return is_ending_; }
  size_t UnsentBytes() const { return output_.size() - written_; }

 private:
  void Poll();
  void Flush();
  void SetDeadline();

  SockJsRequest first_;
  std::string output_;
  size_t written_ = 0;
  Tick last_progress_ = 0;   // when the socket last took something
  bool is_first_ = true;     // no poll has been answered
  bool is_polling_ = false;  // one waits for its answer
  bool is_ending_ = false;   // nothing is written behind output_
  bool is_stopping_ = false;
  bool is_done_ = false;  // removed or replaced
};

}  // namespace sluice::edge
