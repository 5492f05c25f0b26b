// A chunked body that comes in two pieces is the same as one that comes at once, and what was
// decoded, written in one chunk, says the same.
#include "edge/http/chunked_body.h"

#include <string>
#include <string_view>

#include "core/check.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

using sluice::edge::ChunkedBody;

constexpr size_t kLimit = 200;

std::string InOneChunk(std::string_view body) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string chunks;
  if (!body.empty()) {
    chunks += {kHex[body.size() >> 4], kHex[body.size() & 15]};
    chunks.append("\r\n").append(body).append("\r\n");
  }
  return chunks + "0\r\n\r\n";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes = sluice::AsText(data, size).substr(1);
  ChunkedBody whole(kLimit);
  const size_t used = whole.Take(bytes);
  SLUICE_CHECK(whole.body().size() <= kLimit);
  SLUICE_CHECK(!(whole.is_complete() && whole.error()));

  const size_t cut = data[0] % (bytes.size() + 1);
  ChunkedBody cut_in_two(kLimit);
  const size_t first = cut_in_two.Take(bytes.substr(0, cut));
  const size_t rest = cut_in_two.Take(bytes.substr(first));
  SLUICE_CHECK(cut_in_two.is_complete() == whole.is_complete());
  SLUICE_CHECK(cut_in_two.error().has_value() == whole.error().has_value());
  SLUICE_CHECK(cut_in_two.body() == whole.body());
  if (!whole.error()) SLUICE_CHECK(first + rest == used);

  if (whole.is_complete()) {
    const std::string chunks = InOneChunk(whole.body());
    ChunkedBody again(kLimit);
    SLUICE_CHECK(again.Take(chunks) == chunks.size());
    SLUICE_CHECK(again.is_complete() && again.body() == whole.body());
  }
  return 0;
}
