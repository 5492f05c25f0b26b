#pragma once

namespace sluice::edge {

// Who has a cursor beyond the head of the ring, and asks the log where it ends. Thread: shard.
class HeadWaiter {
 public:
  // The log has said where it ends; the first answer may be older than the question, the second is
  // not. False: to be asked again.
  virtual bool OnHead() = 0;

 protected:
  ~HeadWaiter() = default;
};

}  // namespace sluice::edge
