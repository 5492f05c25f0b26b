#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "edge/engine/connection.h"
#include "edge/sockjs/sockjs_pipe.h"
#include "edge/sockjs/sockjs_request.h"

namespace sluice::edge {

// A SockJS session: the client's end of a pipe whose other end is STOMP's, and at most one receiver
// that takes what comes out. Nothing is read from the pipe unless a receiver asks, so that it fills
// up, and of a client that takes nothing STOMP holds the cursor alone. A receiver asks again and
// again (Poll); it counts as there until kDisconnectDelay after its last word, and so does the
// session. What was handed to a receiver is gone: if it cannot pass it on it says Abort, which ends
// the session, and the client resumes with another. Owner: the shard. Thread: shard.
class SockJsSession final : public Connection {
 public:
  static constexpr std::chrono::seconds kHeartbeat{25};
  static constexpr std::chrono::seconds kDisconnectDelay{5};

  // `name`: its id, by which the table knows it.
  SockJsSession(Shard* shard, StreamSocket pipe, std::string name, const SockJsCaller& opener);
  ~SockJsSession() override;

  const std::string& name() const { return name_; }
  const SockJsCaller& opener() const { return opener_; }
  // Other edges find it by now; or they may not, and then it ends.
  void OnClaimed(bool is_ours);

  // Answers with the next frame, or with kNothing after `wait`. Another receiver that is there
  // keeps its place, and this one gets the frame that says so: at once if the other waits for a
  // frame, else when it asks again; if it goes instead, this one takes its place.
  void Poll(const SockJsRequest& request, SockJsRespond respond);
  void Release(uint64_t receiver);
  void Hold(uint64_t receiver);
  void Abort(uint64_t receiver);
  // kDone, kNoSession if it is not open, or kFull.
  SockJsAnswer::Kind Send(std::string_view body);

  void OnReadable() override { TryAnswer(); }
  void OnWritable() override { WriteInput(); }
  void OnDeadline() override;
  void OnStop() override;

 private:
  // Answers with the frame that says so.
  static void RefuseAnother(const SockJsRespond& respond);
  // The receiver has gone in good order: who waited for that takes its place.
  void LetNext();
  // Answers the receiver that waits, if there is something for it.
  void TryAnswer();
  // All messages that the pipe holds, up to some size, as one frame; empty: none.
  std::string ReadMessages();
  void AnswerWith(SockJsAnswer answer);
  void WriteInput();
  // No more comes out of the pipe: what is said from now on.
  void CloseWith(uint16_t code, std::string_view reason);
  void SetDeadline();
  void Remove();
  bool is_closed() const { return !close_frame_.empty(); }

  const std::string name_;
  const SockJsCaller opener_;
  SockJsPipeReader reader_;
  std::string input_;  // frames for STOMP that the pipe has not taken
  size_t input_sent_ = 0;
  uint64_t receiver_ = 0;                               // that is there; 0: none
  bool is_once_ = false;                                // it goes with the next frame
  SockJsRespond respond_;                               // of the poll that waits; null: none
  SockJsRequest next_{SockJsRequest::Kind::kPoll, ""};  // waits for receiver_ to go,
  SockJsRespond next_respond_;                          // if this is there
  Tick poll_end_ = 0;                                   // of the poll that waits
  Tick last_frame_ = 0;                                 // when the receiver was given one, or came
  Tick gone_ = 0;            // when no receiver has been there for too long
  std::string close_frame_;  // empty: it is open
  bool is_claimed_ = false;
  bool is_opened_ = false;   // the client has been told `o`
  bool has_stream_ = false;  // CONNECT was answered
  bool is_stopping_ = false;
  bool is_removed_ = false;
};

}  // namespace sluice::edge
