// A cursor is what it was read from, or refused.
#include "core/cursor.h"

#include <string>

#include "core/check.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = sluice::AsText(data, size);
  if (const auto cursor = sluice::Cursor::Parse(text)) SLUICE_CHECK(cursor->ToString() == text);
  return 0;
}
