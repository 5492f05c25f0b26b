#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string_view>
#include <utility>

namespace sluice::edge {

// Bytes for a socket, shared by all sessions of one shard: an event in one wire format, or a block
// of one session alone. The reference count is a plain number, so a frame never leaves its shard.
// Immutable after creation but for that number. Thread: shard.
class Frame {
 public:
  // A frame of `size` octets, to be filled through mutable_data() before it is shared.
  static Frame* New(size_t size) {
    void* memory = std::malloc(sizeof(Frame) + size);
    if (memory == nullptr) throw std::bad_alloc();
    return new (memory) Frame(static_cast<uint32_t>(size));
  }

  std::string_view bytes() const { return {reinterpret_cast<const char*>(this + 1), size_}; }
  char* mutable_data() { return reinterpret_cast<char*>(this + 1); }
  size_t size() const { return size_; }

  void Ref() { ++references_; }
  void Unref() {
    if (--references_ == 0) std::free(this);
  }

 private:
  explicit Frame(uint32_t size) : size_(size) {}

  uint32_t references_ = 1;
  uint32_t size_;
};

// Owns one reference to a frame, or none. Thread: shard.
class FrameRef {
 public:
  FrameRef() = default;
  // Takes over the caller's reference.
  static FrameRef Adopt(Frame* frame) { return FrameRef(frame); }
  // A new frame with a copy of `bytes`.
  static FrameRef Copy(std::string_view bytes) {
    Frame* frame = Frame::New(bytes.size());
    bytes.copy(frame->mutable_data(), bytes.size());
    return FrameRef(frame);
  }
  FrameRef(const FrameRef& other) : frame_(other.frame_) {
    if (frame_ != nullptr) frame_->Ref();
  }
  FrameRef(FrameRef&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  FrameRef& operator=(FrameRef other) noexcept {
    std::swap(frame_, other.frame_);
    return *this;
  }
  ~FrameRef() {
    if (frame_ != nullptr) frame_->Unref();
  }

  explicit operator bool() const { return frame_ != nullptr; }
  std::string_view bytes() const { return frame_->bytes(); }

 private:
  explicit FrameRef(Frame* frame) : frame_(frame) {}

  Frame* frame_ = nullptr;
};

}  // namespace sluice::edge
