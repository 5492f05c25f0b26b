#include "edge/http/chunked_body.h"

#include <algorithm>
#include <charconv>

namespace sluice::edge {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr size_t kMaxLineBytes = 64;
constexpr size_t kMaxSizeDigits = 8;

}  // namespace

size_t ChunkedBody::Take(std::string_view bytes) {
  size_t used = 0;
  while (!is_complete() && !error_) {
    const size_t some = TakeSome(bytes.substr(used));
    if (some == 0) break;
    used += some;
  }
  return used;
}

size_t ChunkedBody::TakeSome(std::string_view bytes) {
  switch (state_) {
    case State::kSize:
      return TakeSize(bytes);
    case State::kData:
      return TakeData(bytes);
    case State::kDataEnd:
      return TakeLineEnd(bytes, State::kSize, "a chunk is longer than its size");
    case State::kTrailers:
      return TakeLineEnd(bytes, State::kComplete, "trailers are not supported");
    case State::kComplete:
      break;
  }
  return 0;
}

size_t ChunkedBody::TakeSize(std::string_view bytes) {
  const size_t end = std::min(bytes.find_first_of(kLineEnd), bytes.size());
  if (end > kMaxLineBytes) return Refuse(HttpErrorKind::kBadRequest, "the line of a chunk is long");
  const std::string_view line_end = bytes.substr(end, kLineEnd.size());
  if (!kLineEnd.starts_with(line_end)) {
    return Refuse(HttpErrorKind::kBadRequest, "the line of a chunk does not end in CRLF");
  }
  if (line_end.size() < kLineEnd.size()) return 0;

  const std::string_view line = bytes.substr(0, end);
  const std::string_view digits = line.substr(0, line.find(';'));
  const auto [rest, failed] =
      std::from_chars(digits.data(), digits.data() + digits.size(), left_, 16);
  if (failed != std::errc() || rest != digits.data() + digits.size() ||
      digits.size() > kMaxSizeDigits) {
    return Refuse(HttpErrorKind::kBadRequest, "the size of a chunk is malformed");
  }
  if (left_ > max_bytes_ - body_.size()) {
    return Refuse(HttpErrorKind::kBodyTooLarge, "the body is too large");
  }
  state_ = left_ == 0 ? State::kTrailers : State::kData;
  return end + kLineEnd.size();
}

size_t ChunkedBody::TakeData(std::string_view bytes) {
  const std::string_view data = bytes.substr(0, left_);
  body_ += data;
  left_ -= data.size();
  if (left_ == 0) state_ = State::kDataEnd;
  return data.size();
}

size_t ChunkedBody::TakeLineEnd(std::string_view bytes, State next, const char* otherwise) {
  const std::string_view line_end = bytes.substr(0, kLineEnd.size());
  if (!kLineEnd.starts_with(line_end)) return Refuse(HttpErrorKind::kBadRequest, otherwise);
  if (line_end.size() < kLineEnd.size()) return 0;
  state_ = next;
  return kLineEnd.size();
}

size_t ChunkedBody::Refuse(HttpErrorKind kind, const char* why) {
  error_ = HttpError{kind, why};
  return 0;
}

}  // namespace sluice::edge
