#pragma once

#include <string_view>

namespace sluice::app {

// What this binary was built from. Thread: any.
std::string_view VersionNumber();  // `0.1.0`
std::string_view VersionCommit();  // `4d800ff`, with `-dirty` if the tree was changed; or `unknown`

}  // namespace sluice::app
