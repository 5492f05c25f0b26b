#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edge/http/http_error.h"

namespace sluice::edge {

// One parsed request line with its header fields. Thread: any.
class RequestHead {
 public:
  struct Limits {
    size_t head_bytes;
    size_t target_bytes;
    size_t fields = 100;
    size_t field_name_bytes = 256;
  };

  std::string method;  // as sent; never TRACE or CONNECT
  std::string path;    // of the target, not decoded; begins with '/'
  std::string query;   // without the '?', not decoded
  bool http_1_0 = false;
  bool keep_alive = true;
  uint64_t content_length = 0;
  bool is_chunked = false;  // the body comes with Transfer-Encoding: chunked, and no length

  bool has_body() const { return is_chunked || content_length > 0; }

  // The value of the header field `name` (any case), nullptr if absent. Where a field was sent more
  // than once, the first; `Repeated` tells.
  const std::string* Find(std::string_view name) const;
  std::string_view Value(std::string_view name) const;
  // All values of a field that is a list (RFC 9110, 5.3), with ", " between; empty if absent.
  std::string List(std::string_view name) const;
  bool Repeated(std::string_view name) const;

 private:
  friend class RequestHeadParser;
  struct Field {
    std::string name;
    std::string value;
  };
  std::vector<Field> fields_;
};

// The octets of the complete head (with the empty line) at the front of `bytes`; 0 if more are
// needed. Thread: any.
size_t FindRequestHead(std::string_view bytes);

// True if `bytes`, the beginning of a head, hold a line that LF ends without CR: such a head may
// never be complete, so it is refused at once. Thread: any.
bool HasBareLineFeed(std::string_view bytes);

// Parses a complete head. Beast reads the message; what it takes leniently is refused here: control
// octets, bare CR or LF, folded lines, a space before the colon, Host absent or repeated in 1.1,
// any Transfer-Encoding but `chunked` alone and in 1.1, Content-Length beside it, repeated or not
// plain digits.
// Source: RFC 9112. Thread: any.
struct ParsedRequestHead {
  RequestHead head;
  std::optional<HttpError> error;
};
ParsedRequestHead ParseRequestHead(std::string_view bytes, const RequestHead::Limits& limits);

}  // namespace sluice::edge
