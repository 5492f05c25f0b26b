#include "core/random_token.h"

#include <unistd.h>

#include <array>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "core/check.h"

namespace sluice {

std::string RandomToken(size_t octets) {
  std::array<uint8_t, 256> random;
  SLUICE_CHECK(octets <= random.size());
  SLUICE_CHECK(getentropy(random.data(), octets) == 0);
  std::string token;
  for (size_t i = 0; i < octets; ++i) {
    absl::StrAppend(&token, absl::Hex(random[i], absl::kZeroPad2));
  }
  return token;
}

}  // namespace sluice
