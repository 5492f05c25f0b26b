#pragma once

namespace sluice::app {

// A file descriptor kept for the case that the process runs out of them: lending it frees one for
// the next accept. Thread: one at a time.
class SpareDescriptor {
 public:
  SpareDescriptor() { TakeBack(); }
  ~SpareDescriptor() { Lend(); }
  SpareDescriptor(const SpareDescriptor&) = delete;
  SpareDescriptor& operator=(const SpareDescriptor&) = delete;

  // Frees the descriptor; false if it is lent already.
  bool Lend();
  // Reserves one again if it is lent and the system has one.
  void TakeBack();
  bool is_lent() const { return descriptor_ < 0; }

 private:
  int descriptor_ = -1;
};

}  // namespace sluice::app
