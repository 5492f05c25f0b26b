#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::bench {

// One block of an event stream; the views live for the length of the call that hands it out.
struct SseBlock {
  std::string_view id;
  std::string_view event;
  std::string_view data;  // of the last `data:` line: the bench publishes one line each
  std::string_view retry;
  bool has_data = false;
  size_t octets = 0;  // on the wire, with the empty line
};

// Splits what one SSE response brings into its head and its blocks, whatever the sizes of the
// reads. Independent of the edge's writer on purpose. Only LF line ends, as the wire promises; a
// body that is chunked is refused. Thread: one.
class SseStream {
 public:
  enum class State : uint8_t { kHead, kBody, kBroken };

  // Calls `on_block(const SseBlock&)` for every block that `bytes` completes and returns how many
  // octets of `bytes` were taken: all of them, unless `on_block` returned false to stop after its
  // block. What remains is not kept.
  template <std::predicate<const SseBlock&> OnBlock>
  size_t Feed(std::string_view bytes, OnBlock on_block);

  State state() const { return state_; }
  int status() const { return status_; }  // of HTTP; 0 until the head is complete
  // Octets of an incomplete head or block.
  size_t pending() const { return partial_.size(); }

 private:
  // Takes a complete head off the front of `bytes`; how many octets that was, or 0.
  size_t TakeHead(std::string_view bytes);
  static SseBlock ParseBlock(std::string_view text);

  std::string partial_;
  State state_ = State::kHead;
  int status_ = 0;
};

template <std::predicate<const SseBlock&> OnBlock>
size_t SseStream::Feed(std::string_view bytes, OnBlock on_block) {
  std::string joined;
  const size_t held = partial_.size();
  std::string_view rest = bytes;
  if (held > 0) {
    joined.swap(partial_);
    joined.append(bytes);
    rest = joined;
  }
  const size_t total = rest.size();
  if (state_ == State::kHead) rest.remove_prefix(TakeHead(rest));
  while (state_ == State::kBody) {
    const size_t end = rest.find("\n\n");
    if (end == std::string_view::npos) break;
    const SseBlock block = ParseBlock(rest.substr(0, end));
    rest.remove_prefix(end + 2);
    if (!on_block(block)) return total - rest.size() - held;
  }
  partial_.assign(rest);
  return bytes.size();
}

}  // namespace sluice::bench
