#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/bench/client_stream.h"

namespace sluice::bench {

// The client's part of STOMP 1.2, whatever carries its frames: CONNECT, then subscriptions to the
// user's queue and to each topic, all behind the cursor, or behind where the stream stood when it
// began. What is said of each subscription is handed out once. What is no event has as data a JSON
// object that says of it what SSE does. Thread: one.
class StompDialogue {
 public:
  explicit StompDialogue(StreamStart start);

  // Reads a frame of the server into `block`, which stays empty if it says nothing of the stream.
  // False: it is none that the server may send.
  bool Take(std::string_view frame, StreamBlock* block);
  // What is to be said next, together, so that the edge reads all subscriptions as one and sends
  // what they ask for in order.
  std::vector<std::string> TakeFrames() { return std::exchange(frames_, {}); }

 private:
  void TakeMessage(std::string_view head, std::string_view body, StreamBlock* block);
  void Subscribe();

  const StreamStart start_;
  std::vector<std::string> frames_;
  std::string begin_;      // the cursor that the subscriptions present
  std::string connected_;  // data of `connected`
  std::string closing_;    // data of `closing`
  std::string gap_;        // id of the last gap
};

}  // namespace sluice::bench
