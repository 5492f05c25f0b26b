// Whatever a query holds, writing its values again with every octet escaped says the same.
#include "edge/http/query.h"

#include <string>

#include "core/check.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

std::string Escaped(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string escaped;
  for (const char c : text) {
    escaped += '%';
    escaped += kHex[static_cast<unsigned char>(c) >> 4];
    escaped += kHex[static_cast<unsigned char>(c) & 15];
  }
  return escaped;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = sluice::AsText(data, size);
  const auto query = sluice::edge::Query::Parse(text);
  if (!query) {
    SLUICE_CHECK(text.find('%') != std::string_view::npos);
    return 0;
  }
  for (const std::string_view name : {"user", "topic", "last_event_id", "", "a"}) {
    const auto values = query->All(name);
    SLUICE_CHECK((query->Find(name) != nullptr) == !values.empty());
    std::string again;
    for (const std::string_view value : values) {
      again += "&" + Escaped(name) + "=" + Escaped(value);
    }
    const auto reread = sluice::edge::Query::Parse(again);
    SLUICE_CHECK(reread.has_value());
    SLUICE_CHECK(reread->All(name) == values);
  }
  return 0;
}
