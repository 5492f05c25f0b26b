#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

// What libFuzzer calls, and corpus_replay.cc where there is none. Aborts on a broken property.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace sluice {

inline std::string_view AsText(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace sluice
