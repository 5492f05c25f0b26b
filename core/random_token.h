#pragma once

#include <cstddef>
#include <string>

namespace sluice {

// `octets` (at most 256) of the system's randomness, as lower-case hexadecimal digits: nobody can
// guess 12 of them or more. Thread: any.
std::string RandomToken(size_t octets);

}  // namespace sluice
