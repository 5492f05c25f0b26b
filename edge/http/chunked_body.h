#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "edge/http/http_error.h"

namespace sluice::edge {

// Decodes a request body with Transfer-Encoding: chunked as it comes. Stricter than it must be,
// because what two parsers read differently can hide a request: lines end in CRLF, a size has at
// most 8 digits and no space around it, a line with its extension (which is ignored) at most 64
// octets, and trailers are refused. Source: RFC 9112 7.1. Thread: any.
class ChunkedBody {
 public:
  // More than `max_bytes` are refused as kBodyTooLarge, as soon as a chunk announces them.
  explicit ChunkedBody(size_t max_bytes) : max_bytes_(max_bytes) {}

  // Takes what it can from the front; the octets used. The rest, if the body is neither complete
  // nor refused, is the beginning of a line and has to come again with what follows.
  size_t Take(std::string_view bytes);

  bool is_complete() const { return state_ == State::kComplete; }
  const std::optional<HttpError>& error() const { return error_; }
  std::string_view body() const { return body_; }

 private:
  enum class State : uint8_t { kSize, kData, kDataEnd, kTrailers, kComplete };

  size_t TakeSome(std::string_view bytes);
  size_t TakeSize(std::string_view bytes);
  size_t TakeData(std::string_view bytes);
  size_t TakeLineEnd(std::string_view bytes, State next, const char* otherwise);
  size_t Refuse(HttpErrorKind kind, const char* why);

  const size_t max_bytes_;
  State state_ = State::kSize;
  size_t left_ = 0;  // of the chunk
  std::string body_;
  std::optional<HttpError> error_;
};

}  // namespace sluice::edge
