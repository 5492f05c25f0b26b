// A head is refused with a reason, or is what the rest of the edge takes for granted.
#include "edge/http/request_head.h"

#include <algorithm>

#include "core/check.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

using sluice::edge::RequestHead;

bool IsPlain(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7F; });
}

void CheckAccepted(const RequestHead& head) {
  SLUICE_CHECK(head.path.starts_with('/'));
  SLUICE_CHECK(head.path.find_first_of("?# ") == std::string::npos);
  SLUICE_CHECK(IsPlain(head.path) && IsPlain(head.query) && IsPlain(head.method));
  SLUICE_CHECK(!head.method.empty() && head.method != "TRACE" && head.method != "CONNECT");
  SLUICE_CHECK(head.http_1_0 || head.Find("Host") != nullptr);
  for (const std::string_view name : {"Host", "Origin", "Content-Length", "Transfer-Encoding"}) {
    SLUICE_CHECK(!head.Repeated(name));
  }
  const bool has_length = head.Find("Content-Length") != nullptr;
  SLUICE_CHECK(has_length || head.content_length == 0);
  SLUICE_CHECK(head.is_chunked == (head.Find("Transfer-Encoding") != nullptr));
  SLUICE_CHECK(!(head.is_chunked && (has_length || head.http_1_0)));
  for (const std::string_view name : {"Host", "Origin", "Last-Event-ID", "X"}) {
    SLUICE_CHECK(IsPlain(head.Value(name)));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes = sluice::AsText(data, size);
  const size_t length = sluice::edge::FindRequestHead(bytes);
  SLUICE_CHECK(length <= size);
  if (length == 0) {
    sluice::edge::HasBareLineFeed(bytes);
    return 0;
  }
  const auto parsed = sluice::edge::ParseRequestHead(bytes.substr(0, length),
                                                     {.head_bytes = 4096, .target_bytes = 1024});
  if (parsed.error) {
    SLUICE_CHECK(sluice::edge::StatusOf(parsed.error->kind) >= 400);
    SLUICE_CHECK(!parsed.error->message.empty());
  } else {
    CheckAccepted(parsed.head);
  }
  return 0;
}
